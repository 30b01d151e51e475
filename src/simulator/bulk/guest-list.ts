import {isHaManaged} from '../guest/ha-request.js'
import {isTemplate} from '../guest/guests.js'
import {parsePropertyString} from '../../domain/property-string.js'
import {permissionError} from '../kernel/pve-error.js'

import type {Call} from '../kernel/call.js'
import type {GuestRecord} from '../kernel/state.js'

/** Guests that have no place in the order come last. */
const LAST = Number.POSITIVE_INFINITY

/** A guest's place in the order of starting, and the seconds to wait after its start and for its shutdown. */
export function startup({config}: GuestRecord): {readonly order: number; readonly up?: number; readonly down?: number} {
  const parts = parsePropertyString(String(config['startup'] ?? ''), {defaultKey: 'order'})
  const number = (key: string): number | undefined => {
    const text = parts.get(key)
    return text === undefined || text === '' ? undefined : Number(text)
  }

  const [up, down] = [number('up'), number('down')]
  return {order: number('order') ?? LAST, ...(up !== undefined && {up}), ...(down !== undefined && {down})}
}

/** The guests a request names, or all, in groups that are started one after the other. */
export function guestGroups(
  call: Call,
  node: string | undefined,
  wanted: (guest: GuestRecord) => boolean,
): readonly (readonly GuestRecord[])[] {
  const named = new Set(call.list('vms').map(Number))
  const groups = new Map<number, GuestRecord[]>()
  for (const guest of call.world.store.of('guests').values()) {
    if (node !== undefined && guest.node !== node) continue
    if (named.size > 0 && !named.has(guest.vmid)) continue
    if (isTemplate(guest) || !wanted(guest)) continue
    const {order} = startup(guest)
    groups.set(order, [...(groups.get(order) ?? []), guest])
  }

  return [...groups].sort(([a], [b]) => a - b).map(([, guests]) => guests.sort((a, b) => a.vmid - b.vmid))
}

/** Whether a guest starts with its node. What the HA manager looks after, it starts itself. */
export function startsWithNode(call: Call, guest: GuestRecord): boolean {
  return Number(guest.config['onboot'] ?? 0) === 1 && !isHaManaged(call, guest.type, guest.vmid)
}

/** Rights on everything, or on each guest that is named. */
export function checkBulkAccess(call: Call, privilege: string): void {
  if (call.has('/', privilege)) return
  const named = call.list('vms')
  if (named.length === 0) permissionError(`/, ${privilege}`)
  for (const vmid of named) call.check(`/vms/${vmid}`, privilege)
}
