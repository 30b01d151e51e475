import {parsePropertyString} from '../../domain/property-string.js'
import {checkTags} from '../guest/tags.js'
import {permissionError} from '../kernel/pve-error.js'
import {checkBridgeAccess, checkGuestPrivileges, checkVolumeUse} from '../guest/access.js'
import {NEW_DISK, parseMountPoint} from './mount-points.js'

import type {Call} from '../kernel/call.js'
import type {GuestConfig} from '../kernel/state.js'

export interface OptionChange {
  readonly vmid: number
  readonly pool?: string | undefined
  /** What was set before; absent for a new container. */
  readonly before?: GuestConfig
  readonly set: GuestConfig
  readonly remove?: readonly string[]
  readonly unprivileged: boolean
}

/** Privileges by option; what is not here takes VM.Config.Options. */
const PRIVILEGES: readonly (readonly [RegExp, string])[] = [
  [/^(?:cores|cpulimit|cpuunits)$/, 'VM.Config.CPU'],
  [/^(?:rootfs|mp\d+)$/, 'VM.Config.Disk'],
  [/^(?:memory|swap)$/, 'VM.Config.Memory'],
  [/^(?:net\d+|searchdomain|nameserver|hostname)$/, 'VM.Config.Network'],
]

/**
 * Whether the caller may set and remove options of a container (reference 2.3).
 * @throws PveError 403 with the option's own text
 */
export function checkOptionAccess(call: Call, change: OptionChange): void {
  if (call.isRootPam) return
  for (const key of Object.keys(change.set)) checkOption(call, change, key, false)
  for (const key of change.remove ?? []) checkOption(call, change, key, true)
}

function checkOption(call: Call, change: OptionChange, key: string, removed: boolean): void {
  const {vmid, pool, before, set} = change
  if (key === 'features') {
    checkFeatures(call, change, removed)
  } else if (key === 'hookscript') {
    permissionError('changing the hookscript is only allowed for root@pam')
  } else if (key === 'tags') {
    checkTags(call, vmid, String(before?.['tags'] ?? ''), removed ? '' : String(set['tags']), pool)
  } else if (/^dev\d+$/.test(key)) {
    permissionError('configuring device passthrough is only allowed for root@pam')
  } else {
    const privilege = PRIVILEGES.find(([pattern]) => pattern.test(key))?.[1] ?? 'VM.Config.Options'
    checkGuestPrivileges(call, vmid, pool, [privilege])
  }

  if (/^(?:rootfs|mp\d+)$/.test(key) && !removed) checkMountPoint(call, vmid, key, set[key])
  if (/^net\d+$/.test(key)) {
    for (const value of [before?.[key], set[key]]) if (value !== undefined) checkBridgeAccess(call, {[key]: value})
  }
}

function checkMountPoint(call: Call, vmid: number, key: string, value: number | string | undefined): void {
  // a bare number asks for that many GiB on the default storage
  if (/^\d+(?:\.\d+)?$/.test(String(value))) return
  const {type, volume} = parseMountPoint(key, value)
  if (type !== 'volume') permissionError(`mount point type ${type} is only allowed for root@pam`)
  const storage = NEW_DISK.exec(volume)?.[1]
  if (storage === undefined) checkVolumeUse(call, vmid, volume)
  else call.check(`/storage/${storage}`, 'Datastore.AllocateSpace')
}

function checkFeatures(call: Call, {vmid, pool, before, set, unprivileged}: OptionChange, removed: boolean): void {
  if (!unprivileged) permissionError('changing feature flags for privileged container is only allowed for root@pam')
  const old = parsePropertyString(String(before?.['features'] ?? ''))
  const now = removed ? new Map<string, string>() : parsePropertyString(String(set['features'] ?? ''))
  const changed = new Set(
    [...old.keys(), ...now.keys()].filter((feature) => (old.get(feature) ?? '') !== (now.get(feature) ?? '')),
  )
  const nesting = changed.delete('nesting')
  if (changed.size > 0) permissionError('changing feature flags (except nesting) is only allowed for root@pam')
  if (nesting) checkGuestPrivileges(call, vmid, pool, ['VM.Allocate'])
}
