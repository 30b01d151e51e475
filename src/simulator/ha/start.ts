import {LocalManagers} from './local-manager.js'
import {managerRound} from './manager.js'

import type {Routes} from '../kernel/call.js'
import type {World} from '../kernel/world.js'

/** Seconds between the rounds of the local resource managers; the master works in every second one. */
const ROUND_SECONDS = 5
const MASTER_SECONDS = 10

/**
 * Runs the HA managers of a cluster on its clock until the next reset. They idle until there is a first resource; a stand-alone host has none.
 * @param routes how guests are started, stopped and moved
 */
export function startHighAvailability(world: World, routes: Routes): void {
  const locals = new LocalManagers(world, routes)
  world.clock.every(ROUND_SECONDS, () => {
    if (world.meta.clusterName === undefined) return
    const manager = world.store.of('haManager').get('manager')
    const hasWork = world.store.of('haResources').size > 0 || Object.keys(manager?.services ?? {}).length > 0
    if (!hasWork && !manager) return
    const isDue =
      !manager || world.clock.mode.kind === 'instant' || world.clock.now() - manager.timestamp >= MASTER_SECONDS - 1
    // what was written in this round is carried out in the next
    locals.round()
    if (!hasWork || !isDue) return
    managerRound(world)
    locals.announce()
  })
}
