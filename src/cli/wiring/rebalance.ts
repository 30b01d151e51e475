import type {PlacementPolicy} from '../../domain/guest-reach.js'
import {DrainWatch} from '../../services/drain-watch.js'
import {RebalanceService} from '../../services/rebalance-service.js'
import type {Wiring} from '../services.js'
import {migrateService} from './migrate.js'
import {placementFacts} from './placement.js'
import {powerService} from './power.js'

export function rebalanceService(policy: PlacementPolicy): Wiring<RebalanceService> {
  return (services) => {
    const {cluster, guests, taskList, timing} = services.parts
    return new RebalanceService({
      facts: placementFacts(services),
      mover: migrateService(services),
      policy,
      power: powerService(services),
      timing,
      watch: new DrainWatch(cluster, guests, taskList, timing),
    })
  }
}
