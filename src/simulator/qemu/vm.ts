import {createHash} from 'node:crypto'

import {die} from '../kernel/pve-error.js'
import {parseDrive} from './drives.js'
import {isDriveKey} from './options.js'

import type {GuestConfig, GuestRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** The configuration file of a VM below `/etc/pve`. */
export const configPath = (node: string, vmid: number): string => `nodes/${node}/qemu-server/${vmid}.conf`

/**
 * The VM whose configuration lies on a node.
 * @throws PveError 500 `Configuration file 'nodes/n1/qemu-server/100.conf' does not exist`
 */
export function loadVm(world: World, node: string, vmid: number): GuestRecord {
  return findVm(world, node, vmid) ?? die(`Configuration file '${configPath(node, vmid)}' does not exist`)
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
  const guest = world.store.of('guests').get(vmid)
  return guest?.type === 'qemu' && guest.node === node ? guest : undefined
}

/** @throws PveError 500 `VM is locked (backup)` */
export function checkLock({config}: Pick<GuestRecord, 'config'>): void {
  if (config['lock'] !== undefined) die(`VM is locked (${config['lock']})`)
}

export function isTemplate({config}: Pick<GuestRecord, 'config'>): boolean {
  return config['template'] === 1
}

/** @throws PveError 500 `TEXT - protection mode enabled` */
export function checkProtection({config}: Pick<GuestRecord, 'config'>, text: string): void {
  if (config['protection'] === 1) die(`${text} - protection mode enabled`)
}

/** The SHA-1 of what the configuration file holds. */
export function configDigest({config, pending, snapshots}: GuestRecord): string {
  const sorted = (record: object | undefined): unknown =>
    record && Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha1')
    .update(JSON.stringify([sorted(config), sorted(pending), sorted(snapshots)]))
    .digest('hex')
}

/** @throws PveError 500 `checksum mismatch (file change by other user?)` */
export function checkDigest(guest: GuestRecord, digest: string | undefined): void {
  if (digest !== undefined && digest !== '' && digest !== configDigest(guest)) {
    die('checksum mismatch (file change by other user?)')
  }
}

type Changes = {readonly [K in keyof GuestRecord]?: GuestRecord[K] | undefined}

/**
 * Writes a VM's configuration file. Without quorum `/etc/pve` cannot be written.
 * @param pid of the process that writes, as its temporary file is called
 * @throws PveError 500 `unable to open file '/etc/pve/….tmp.384' - Permission denied`
 */
export function updateVm(world: World, guest: GuestRecord, changes: Changes, pid = 384): GuestRecord {
  checkWritable(world, guest.node, guest.vmid, pid)
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

export function checkWritable(world: World, node: string, vmid: number, pid = 384): void {
  if (!world.isQuorate(node)) {
    die(`unable to open file '/etc/pve/${configPath(node, vmid)}.tmp.${pid}' - Permission denied`)
  }
}

/** A configuration with options replaced; null or undefined removes one. */
export function withOptions(
  config: GuestConfig,
  changes: Readonly<Record<string, number | string | null | undefined>>,
): GuestConfig {
  const result: Record<string, number | string> = {...config}
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined) delete result[key]
    else result[key] = value
  }

  return result
}

/** Changes options of a VM's current configuration, whatever else happened to it meanwhile. */
export function setOptions(
  world: World,
  node: string,
  vmid: number,
  changes: Readonly<Record<string, number | string | null | undefined>>,
  pid?: number,
): GuestRecord {
  const guest = loadVm(world, node, vmid)
  return updateVm(world, guest, {config: withOptions(guest.config, changes)}, pid)
}

/**
 * Makes a new configuration file. Another node may have made one of that name between all checks and now.
 * @throws PveError 500 `close (rename) atomic file '/etc/pve/….conf' failed: File exists`
 */
export function createVm(world: World, node: string, vmid: number, config: GuestConfig): GuestRecord {
  checkWritable(world, node, vmid)
  if (world.store.of('guests').has(vmid)) {
    die(`close (rename) atomic file '/etc/pve/${configPath(node, vmid)}' failed: File exists`)
  }

  const guest: GuestRecord = {vmid, type: 'qemu', node, config}
  world.store.of('guests').put(vmid, guest)
  return guest
}

/** @throws PveError 500 `VM 100 already exists on node 'n1'`, or `CT 100 …` */
export function checkVmidUnused(world: World, vmid: number): void {
  const other = world.store.of('guests').get(vmid)
  if (other) die(`${other.type === 'qemu' ? 'VM' : 'CT'} ${vmid} already exists on node '${other.node}'`)
}
