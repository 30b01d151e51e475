import {DrainJournalFile} from '../../config/drain-journals.js'
import type {Surroundings} from '../../config/locations.js'
import type {PlacementPolicy} from '../../domain/guest-reach.js'
import {MigrateRepository} from '../../repositories/migrate-repository.js'
import {DrainService, type DrainParts} from '../../services/drain-service.js'
import {DrainWatch} from '../../services/drain-watch.js'
import {MigrateService} from '../../services/migrate-service.js'
import {ReturnService} from '../../services/return-service.js'
import type {Services, Wiring} from '../services.js'
import {placementFacts} from './placement.js'
import {powerService} from './power.js'

/** Where a drain's record lies, and what may be done. */
export interface DrainSetting {
  readonly surroundings: Surroundings
  readonly context: string
  readonly policy: PlacementPolicy
  /** The ceiling of the policy was typed. */
  readonly ceilingGiven: boolean
}

export function drainService(setting: DrainSetting): Wiring<DrainService> {
  return (services) => new DrainService(drainParts(services, setting))
}

export function returnService(setting: DrainSetting): Wiring<ReturnService> {
  return (services) => new ReturnService(drainParts(services, setting))
}

function drainParts(services: Services, {ceilingGiven, context, policy, surroundings}: DrainSetting): DrainParts {
  const {parts, tasks} = services
  const {cluster, connection, guests, releases, taskList, timing} = parts
  return {
    facts: placementFacts(services),
    journals: (node) => new DrainJournalFile(surroundings, context, node),
    mover: new MigrateService(cluster, guests, new MigrateRepository(connection), taskList, tasks, releases, timing),
    policy,
    ceilingGiven,
    power: powerService(services),
    run: surroundings.unique(),
    timing,
    watch: new DrainWatch(cluster, guests, taskList, timing),
  }
}
