import type {Call} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'
import {guestLabel, type GuestType} from './guests.js'

/** The HA manager's command line needs so long to queue a request. */
const REQUEST_SECONDS = 1

/** `ct:200` or `vm:100`. */
export function haId(type: GuestType, vmid: number): string {
  return `${guestLabel(type).toLowerCase()}:${vmid}`
}

export function haResource(world: World, type: GuestType, vmid: number): PropertyRecord | undefined {
  return world.store.of('haResources').get(haId(type, vmid))
}

/** Whether power and place of a guest are up to the HA manager. */
export function isHaManaged(world: World, type: GuestType, vmid: number): boolean {
  const resource = haResource(world, type, vmid)
  return resource !== undefined && resource['state'] !== 'ignored'
}

/** `ha` in the status of a guest. */
export function haStatus(world: World, type: GuestType, vmid: number): PropertyRecord {
  const resource = haResource(world, type, vmid)
  if (!resource) return {managed: 0}
  const {group, state = 'started'} = resource
  return {managed: 1, state, ...(group !== undefined && {group})}
}

/**
 * Asks the HA manager to start or stop a guest: a task that only queues the request and is OK at once (reference 2.12).
 */
export function requestHaState(call: Call, type: GuestType, vmid: number, action: 'start' | 'stop'): string {
  const {world} = call
  return call.startTask(`ha${action}`, vmid, async (task) => {
    task.log(`Requesting HA ${action} for ${guestLabel(type)} ${vmid}`)
    await task.sleep(REQUEST_SECONDS)
    const resource = haResource(world, type, vmid)
    if (resource) {
      const state = action === 'start' ? 'started' : 'stopped'
      world.store.of('haResources').put(haId(type, vmid), {...resource, state})
    }
  })
}

/** Asks the HA manager to move a guest. */
export function requestHaMigration(call: Call, type: GuestType, vmid: number, target: string): string {
  const {world} = call
  return call.startTask('hamigrate', vmid, async (task) => {
    task.log(`Requesting HA migration for ${guestLabel(type)} ${vmid} to node ${target}`)
    await task.sleep(REQUEST_SECONDS)
    const resource = haResource(world, type, vmid)
    if (resource) world.store.of('haResources').put(haId(type, vmid), {...resource, requested_node: target})
  })
}
