import type {Call} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'
import {queueCommand} from '../ha/resources.js'
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

/** Whether power and place of a guest are up to the HA manager, and it is not the manager itself that calls. */
export function isHaManaged(
  {world, byHa = false}: {readonly world: World; readonly byHa?: boolean},
  type: GuestType,
  vmid: number,
): boolean {
  const resource = byHa ? undefined : haResource(world, type, vmid)
  return resource !== undefined && resource['state'] !== 'ignored'
}

/** `ha` in the status of a guest. */
export function haStatus(world: World, type: GuestType, vmid: number): PropertyRecord {
  const resource = haResource(world, type, vmid)
  if (!resource) return {managed: 0}
  const {group} = resource
  const service = world.store.of('haManager').get('manager')?.services[haId(type, vmid)]
  return {managed: 1, state: service?.state ?? null, ...(world.release !== '9.2' && {group: group ?? null})}
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
      // stop pulls the plug, shutdown gives the guest its time
      const timeout = call.template.endsWith('/stop') ? 0 : call.number('timeout')
      if (action === 'stop' && timeout !== undefined) queueCommand(world, `stop ${haId(type, vmid)} ${timeout}`)
    }
  })
}

/** Asks the HA manager to move a guest. */
export function requestHaMigration(call: Call, type: GuestType, vmid: number, target: string): string {
  const {world} = call
  return call.startTask('hamigrate', vmid, async (task) => {
    task.log(`Requesting HA migration for ${guestLabel(type)} ${vmid} to node ${target}`)
    await task.sleep(REQUEST_SECONDS)
    queueCommand(world, `migrate ${haId(type, vmid)} ${target}`)
  })
}
