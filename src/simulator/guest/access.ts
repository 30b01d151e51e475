import {parsePropertyString} from '../../domain/property-string.js'
import {die, permissionError} from '../kernel/pve-error.js'
import {addressOf, checkVolumeAccess} from '../storage/access.js'
import {splitVolid} from '../storage/volume-name.js'

import type {Call} from '../kernel/call.js'
import type {GuestConfig} from '../kernel/state.js'

/**
 * Privileges on a guest; on its pool instead, while it is being created in one.
 * @throws PveError 403 `Permission check failed (/vms/100, VM.Config.CPU)`
 */
export function checkGuestPrivileges(
  call: Call,
  vmid: number,
  pool: string | undefined,
  privileges: readonly string[],
  any = false,
): void {
  const path = `/vms/${vmid}`
  if (
    pool !== undefined &&
    (any ? call.hasAny(`/pool/${pool}`, ...privileges) : call.has(`/pool/${pool}`, ...privileges))
  )
    return
  if (any) call.checkAny(path, ...privileges)
  else call.check(path, ...privileges)
}

/**
 * Whether the caller may use a volume that exists in a guest: a privilege on its storage, or it is the guest's own. Paths are for root@pam himself.
 * @throws PveError 403, or 500 for a name the storage cannot read
 */
export function checkVolumeUse(call: Call, vmid: number, file: string): void {
  if (splitVolid(file)) checkVolumeAccess(call, addressOf(call, file), vmid)
  else if (!call.isRootPam) die('Only root can pass arbitrary filesystem paths.')
}

/** @throws PveError 403 for a card on a bridge of a zone the caller may not use */
export function checkBridgeAccess(call: Call, options: GuestConfig): void {
  if (call.isRootPam) return
  for (const [key, value] of Object.entries(options)) {
    if (!/^net\d+$/.test(key)) continue
    const properties = parsePropertyString(String(value))
    const bridge = properties.get('bridge')
    if (bridge === undefined) continue
    const vnet = call.world.store.of('sdn').get(`vnets/${bridge}`)
    const path = `/sdn/zones/${vnet?.['zone'] === undefined ? 'localnetwork' : String(vnet['zone'])}/${bridge}`
    const tags = [properties.get('tag'), ...(properties.get('trunks')?.split(';') ?? [])].filter(
      (tag) => tag !== undefined,
    )
    if (tags.length === 0) call.check(path, 'SDN.Use')
    for (const tag of tags) if (!call.has(path, 'SDN.Use')) call.check(`${path}/${tag}`, 'SDN.Use')
  }
}

/** @throws PveError 403 `Permission check failed (pool 'x' does not exist)` */
export function checkPoolExists(call: Call, pool: string): void {
  if (!call.world.store.of('pools').has(pool)) permissionError(`pool '${pool}' does not exist`)
}
