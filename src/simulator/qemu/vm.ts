import {checkWritable, configDigest, configPath, guestOn, loadGuest, withOptions} from '../guest/guests.js'
import {die} from '../kernel/pve-error.js'
import {parseDrive} from './drives.js'
import {isDriveKey} from './options.js'

import type {OptionChanges} from '../guest/guests.js'
import type {GuestConfig, GuestRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/**
 * The VM whose configuration lies on a node.
 * @throws PveError 500 `Configuration file 'nodes/n1/qemu-server/100.conf' does not exist`
 */
export function loadVm(world: World, node: string, vmid: number): GuestRecord {
  return loadGuest(world, 'qemu', node, vmid)
}

/**
 * The same for calls that look at the process first; their text differs.
 * @throws PveError 500 `unable to find configuration file for VM 100 on node 'n1'`
 */
export function requireVm(world: World, node: string, vmid: number): GuestRecord {
  return findVm(world, node, vmid) ?? die(`unable to find configuration file for VM ${vmid} on node '${node}'`)
}

/** The VM of a node, if it has it. */
export function findVm(world: World, node: string, vmid: number): GuestRecord | undefined {
  return guestOn(world, 'qemu', node, vmid)
}

/** @throws PveError 500 `checksum mismatch (file change by other user?)` */
export function checkDigest(world: World, guest: GuestRecord, digest: string | undefined): void {
  if (digest !== undefined && digest !== '' && digest !== configDigest(world, guest)) {
    die('checksum mismatch (file change by other user?)')
  }
}

type Changes = {readonly [K in keyof GuestRecord]?: GuestRecord[K] | undefined}

/**
 * Writes a VM's configuration file.
 * @param upid of the task that writes; absent: a request that is answered at once
 * @throws PveError 500 without quorum, as `checkWritable` does
 */
export function updateVm(world: World, guest: GuestRecord, changes: Changes, upid?: string): GuestRecord {
  checkWritable(world, 'qemu', guest.node, guest.vmid, upid)
  return storeVm(world, guest, changes)
}

/** Keeps the changed configuration: a disk that is attached again is no longer unused. */
export function storeVm(world: World, {vmid}: GuestRecord, changes: Changes): GuestRecord {
  const guest = world.store.of('guests').update(vmid, changes)
  const attached = new Set(
    [...Object.entries(guest.config), ...Object.entries(guest.pending ?? {})].flatMap(([key, value]) =>
      isDriveKey(key) && value !== null ? [parseDrive(value).file] : [],
    ),
  )
  const again = Object.keys(guest.config).filter(
    (key) => /^unused\d+$/.test(key) && attached.has(parseDrive(guest.config[key]!).file),
  )
  if (again.length === 0) return guest
  const config = withOptions(guest.config, Object.fromEntries(again.map((key) => [key, null])))
  return world.store.of('guests').update(vmid, {config})
}

/** Changes options of a VM's current configuration, whatever else happened to it meanwhile. */
export function setVmOptions(
  world: World,
  node: string,
  vmid: number,
  changes: OptionChanges,
  upid?: string,
): GuestRecord {
  const guest = loadVm(world, node, vmid)
  return updateVm(world, guest, {config: withOptions(guest.config, changes)}, upid)
}

/**
 * Makes a new configuration file. Another node may have made one of that name between all checks and now.
 * @throws PveError 500 `close (rename) atomic file '/etc/pve/….conf' failed: File exists`
 */
export function createVm(world: World, node: string, vmid: number, config: GuestConfig): GuestRecord {
  checkWritable(world, 'qemu', node, vmid)
  if (world.store.of('guests').has(vmid)) {
    die(`close (rename) atomic file '/etc/pve/${configPath('qemu', node, vmid)}' failed: File exists`)
  }

  const guest: GuestRecord = {vmid, type: 'qemu', node, config}
  world.store.of('guests').put(vmid, guest)
  return guest
}
