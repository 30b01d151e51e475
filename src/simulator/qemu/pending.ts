import {configDigest, withOptions} from '../guest/guests.js'
import {volumeKey} from '../kernel/state.js'
import {findVolume, freeVolume} from '../storage/volumes.js'
import {splitVolid} from '../storage/volume-name.js'
import {type Drive, isCloudInit, isPlainCdrom, parseDrive} from './drives.js'
import {isDriveKey} from './options.js'
import {storeVm} from './vm.js'

import type {GuestConfig, GuestRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

export type Pending = NonNullable<GuestRecord['pending']>

/** The guest with everything applied that waited for it to stop. */
export function applyPending(world: World, guest: GuestRecord): GuestRecord {
  if (!guest.pending) return guest
  let config = guest.config
  for (const [key, value] of Object.entries(guest.pending)) {
    if (value === null) config = deleteOption(world, guest, config, key, guest.forcedDeletions?.includes(key) ?? false)
    else config = replaceOption(world, guest, config, key, value)
  }

  return storeVm(world, guest, {
    config,
    pending: undefined,
    forcedDeletions: undefined,
    cloudInit: undefined,
  })
}

/** The configuration without an option. A drive's disk is kept as `unusedN`, unless it is to be destroyed. */
export function deleteOption(
  world: World,
  guest: GuestRecord,
  config: GuestConfig,
  key: string,
  force: boolean,
): GuestConfig {
  const old = config[key]
  if (old === undefined) return config
  const rest = withOptions(config, {[key]: null})
  if (!isDriveKey(key)) return rest
  const drive = parseDrive(old)
  if (isPlainCdrom(drive)) return rest
  if (force || isCloudInit(drive)) {
    destroyDisk(world, guest, drive)
    return rest
  }

  return registerUnused(rest, drive)
}

/** The configuration with another value. The disk a drive had before is kept as `unusedN`. */
export function replaceOption(
  world: World,
  guest: GuestRecord,
  config: GuestConfig,
  key: string,
  value: number | string,
): GuestConfig {
  const old = config[key]
  const next = withOptions(config, {[key]: value})
  if (old === undefined || !isDriveKey(key)) return next
  const before = parseDrive(old)
  if (before.file === parseDrive(value).file || isPlainCdrom(before)) return next
  if (isCloudInit(before)) {
    destroyDisk(world, guest, before)
    return next
  }

  return registerUnused(next, before)
}

function destroyDisk(world: World, guest: GuestRecord, drive: Drive): void {
  const volume = splitVolid(drive.file) && findVolume(world, drive.file, guest.node)
  if (volume?.vmid === guest.vmid) freeVolume(world, volumeKey(volume))
}

/** Adds a disk as the next free `unusedN`, unless it is one already. */
export function registerUnused(config: GuestConfig, drive: Drive): GuestConfig {
  if (!splitVolid(drive.file)) return config
  const isUsed = Object.entries(config).some(
    ([key, value]) => (/^unused\d+$/.test(key) || isDriveKey(key)) && parseDrive(value).file === drive.file,
  )
  if (isUsed) return config
  for (let index = 0; index < 256; index++) {
    const key = `unused${index}`
    if (config[key] === undefined) return withOptions(config, {[key]: drive.file})
  }

  return config
}

/** What `GET …/config` shows: the present values, with those of the next start over them unless `current`. */
export function shownConfig(world: World, guest: GuestRecord, current: boolean): Record<string, number | string> {
  const config: Record<string, number | string> = {...guest.config}
  if (!current) {
    for (const [key, value] of Object.entries(guest.pending ?? {})) {
      if (value === null) delete config[key]
      else config[key] = value
    }
  }

  return {...hidePassword(config), digest: configDigest(world, guest)}
}

/** Passwords are shown as stars. */
export function hidePassword(config: Readonly<Record<string, number | string>>): Record<string, number | string> {
  return config['cipassword'] === undefined ? {...config} : {...config, cipassword: '**********'}
}

interface PendingEntry {
  readonly key: string
  readonly value?: number | string
  readonly pending?: number | string
  readonly delete?: 1 | 2
}

/** What `GET …/pending` shows. */
export function pendingEntries(world: World, guest: GuestRecord): readonly PendingEntry[] {
  const pending = guest.pending ?? {}
  const config = {...hidePassword(guest.config), digest: configDigest(world, guest)}
  const keys = new Set([...Object.keys(config), ...Object.keys(pending)])
  return [...keys].map((key) => {
    const value = config[key as keyof typeof config] as number | string | undefined
    const next = pending[key]
    return {
      key,
      ...(value !== undefined && {value}),
      ...(next !== undefined && next !== null && {pending: key === 'cipassword' ? '**********' : next}),
      ...(next === null && {delete: guest.forcedDeletions?.includes(key) ? (2 as const) : (1 as const)}),
    }
  })
}
