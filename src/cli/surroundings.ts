import type {Interfaces} from '@oclif/core'

import type {Surroundings} from '../config/locations.js'
import {systemClock} from '../domain/clock.js'
import type {Timing} from '../services/patience.js'
import type {Runtime} from './runtime.js'

/** Where this run's configuration and state lie. */
export function surroundingsOf(runtime: Runtime, config: Interfaces.Config): Surroundings {
  return {
    configDir: config.configDir,
    cwd: runtime.cwd,
    dataDir: config.dataDir,
    env: runtime.env,
    home: config.home,
    uid: runtime.uid,
    unique: () => `${runtime.now().toString(36)}${runtime.random().toString(36).slice(2)}`,
    version: config.version,
  }
}

/** Time and chance for services. */
export function timingOf(runtime: Runtime): Timing {
  return {now: () => runtime.now(), random: () => runtime.random(), sleep: systemClock.sleep}
}
