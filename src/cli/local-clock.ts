import {clockOf, type ZonedTime} from '../domain/zoned-time.js'
import type {Runtime} from './runtime.js'

/** The zone of the clocks here. */
export function localZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** What they show now. */
export function localClock(runtime: Pick<Runtime, 'now'>): ZonedTime {
  return clockOf(localZone())(runtime.now() / 1000)
}
