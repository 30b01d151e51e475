import {createHash} from 'node:crypto'

import {die} from '../kernel/pve-error.js'

import type {GuestConfig, GuestRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

export type GuestType = GuestRecord['type']

/** How the server calls a guest in its texts, and the directory of its configuration files. */
const NAMES = {
  lxc: {label: 'CT', directory: 'lxc'},
  qemu: {label: 'VM', directory: 'qemu-server'},
} as const

/** Pid in the name of the temporary file that a daemon's worker, not a task, writes. */
const WORKER_PID = 384

/** `VM` or `CT`. */
export function guestLabel(type: GuestType): 'CT' | 'VM' {
  return NAMES[type].label
}

/** `nodes/NODE/lxc/VMID.conf`, below `/etc/pve`. */
export function configPath(type: GuestType, node: string, vmid: number): string {
  return `nodes/${node}/${NAMES[type].directory}/${vmid}.conf`
}

/** The guest of that type whose configuration lies on that node. */
export function guestOn(world: World, type: GuestType, node: string, vmid: number): GuestRecord | undefined {
  const guest = world.store.of('guests').get(vmid)
  return guest?.type === type && guest.node === node ? guest : undefined
}

/**
 * As `guestOn`.
 * @throws PveError 500 `Configuration file '…' does not exist`, also for a guest that lives elsewhere (reference 2.9)
 */
export function loadGuest(world: World, type: GuestType, node: string, vmid: number): GuestRecord {
  return guestOn(world, type, node, vmid) ?? die(`Configuration file '${configPath(type, node, vmid)}' does not exist`)
}

/** @throws PveError 500 `VM 100 already exists on node 'x'`; ids are unique in the cluster, across types */
export function checkVmidUnused(world: World, vmid: number): void {
  const taken = world.store.of('guests').get(vmid)
  if (taken) die(`${guestLabel(taken.type)} ${vmid} already exists on node '${taken.node}'`)
}

/** @throws PveError 500 `CT is locked (backup)` */
export function checkLock({type, config}: Pick<GuestRecord, 'config' | 'type'>): void {
  if (config['lock'] !== undefined) die(`${guestLabel(type)} is locked (${config['lock']})`)
}

/** @throws PveError 500 `TEXT - protection mode enabled` */
export function checkProtection({config}: Pick<GuestRecord, 'config'>, text: string): void {
  if (Number(config['protection'] ?? 0) === 1) die(`${text} - protection mode enabled`)
}

export function isTemplate({config}: Pick<GuestRecord, 'config'>): boolean {
  return Number(config['template'] ?? 0) === 1
}

/** SHA-1 that changes with the configuration file: its options, what is pending, its snapshots. */
export function configDigest(world: World, guest: GuestRecord): string {
  return world.derived(guest, computeDigest)
}

function computeDigest({type, config, pending, snapshots}: GuestRecord): string {
  const sorted = (record: object | undefined): unknown =>
    record && Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha1')
    .update(JSON.stringify([type, sorted(config), sorted(pending), sorted(snapshots)]))
    .digest('hex')
}

/**
 * What a write to a configuration file says on a node without quorum (cluster facts, "Quorum loss").
 * @param upid of the task that writes; absent: a request that is answered at once
 */
export function checkWritable(world: World, type: GuestType, node: string, vmid: number, upid?: string): void {
  if (world.isQuorate(node)) return
  const pid = (upid === undefined ? undefined : world.tasks.get(upid)?.pid) ?? WORKER_PID
  die(`unable to open file '/etc/pve/${configPath(type, node, vmid)}.tmp.${pid}' - Permission denied`)
}

/** New values of options; null or undefined removes one. */
export type OptionChanges = Readonly<Record<string, number | string | null | undefined>>

/** A configuration with options replaced. */
export function withOptions(config: GuestConfig, changes: OptionChanges): GuestConfig {
  return Object.fromEntries(
    Object.entries({...config, ...changes}).filter(([, value]) => value !== undefined && value !== null),
  ) as GuestConfig
}

/** Replaces options of a guest that exists; does nothing for one that is gone. */
export function setOptions(world: World, vmid: number, changes: OptionChanges): void {
  const guest = world.store.of('guests').get(vmid)
  if (guest) world.store.of('guests').update(vmid, {config: withOptions(guest.config, changes)})
}
