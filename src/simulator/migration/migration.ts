import {die, paramError} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {findVolume, freeVolume} from '../storage/volumes.js'

import type {Call} from '../kernel/call.js'
import type {GuestConfig, GuestRecord, NodeRecord, VolumeRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

const CONNECT_SECONDS = 0.3
/** Until an unreachable node is given up. */
const CONNECT_TIMEOUT_SECONDS = 3
/** Storages whose volumes can be sent to another node. */
const SENDABLE = new Set(['btrfs', 'dir', 'lvm', 'lvmthin', 'zfspool'])

/** A guest on its way from one node to another. */
export interface Migration {
  readonly world: World
  /** Runs on the source. */
  readonly task: Task
  readonly node: string
  readonly vmid: number
  readonly to: NodeRecord
  /** Milliseconds of the cluster's clock. */
  readonly started: number
  /** The storage on the target that takes the place of one here. */
  readonly mapStorage: (storage: string) => string
}

/**
 * The node a call wants a guest on.
 * @throws PveError 400 for the node it is on, 500 for one the cluster has not, or without quorum
 */
export function targetOf(call: Call): NodeRecord {
  const {world, node} = call
  const target = call.required('target')
  if (target === node || target === 'localhost') paramError({target: 'target is local node.'})
  world.checkQuorum(node)
  return world.members().find((member) => member.node === target) ?? die(`no such cluster node '${target}'`)
}

/** What takes the place of which storage. */
export interface StorageMap {
  readonly map: (storage: string) => string
  /** The storages it names, which must be usable on the target. */
  readonly targets: readonly string[]
  /** Every storage stands for itself: nothing was asked for, or `1`. */
  readonly isIdentity: boolean
}

/** Reads `store`, `a:b,c:d` or `1`. */
export function readStorageMap(entries: readonly string[]): StorageMap {
  const pairs = new Map<string, string>()
  let fallback: string | undefined
  for (const entry of entries) {
    const [from = '', to] = entry.split(':')
    if (to !== undefined) pairs.set(from, to)
    else if (from !== '1') fallback = from
  }

  return {
    map: (storage) => pairs.get(storage) ?? fallback ?? storage,
    targets: [...pairs.values(), ...(fallback === undefined ? [] : [fallback])],
    isIdentity: entries.length === 0 || entries.includes('1'),
  }
}

/** Logs with the node's time in front, as migrations do. */
export function info({world, task, node}: Pick<Migration, 'node' | 'task' | 'world'>, text: string): void {
  const time = new Date(world.clock.nowMs()).toLocaleString('sv-SE', {timeZone: world.node(node).timezone})
  task.log(`${time} ${text}`)
}

/** How long it has taken so far: `00:01:05`. */
export function elapsed({world, started}: Migration): string {
  const seconds = Math.max(0, Math.round((world.clock.nowMs() - started) / 1000))
  const pad = (value: number): string => String(value).padStart(2, '0')
  return `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`
}

/** How the nodes call each other. */
export function sshCommand({node, ip}: NodeRecord): string {
  const options = [
    'BatchMode=yes',
    `HostKeyAlias=${node}`,
    `UserKnownHostsFile=/etc/pve/nodes/${node}/ssh_known_hosts`,
    'GlobalKnownHostsFile=none',
  ]
  return `/usr/bin/ssh -e none ${options.map((option) => `-o '${option}'`).join(' ')} root@${ip}`
}

/** Why there is no way to the target; undefined if there is one. */
export async function connectionTrouble(migration: Migration): Promise<string | undefined> {
  const {world, task, node, to} = migration
  if (world.reaches(node, to)) {
    await task.sleep(CONNECT_SECONDS)
    return undefined
  }

  info(migration, `# ${sshCommand(to)} /bin/true`)
  await task.patience(CONNECT_TIMEOUT_SECONDS)
  info(migration, `ssh: connect to host ${to.ip} port 22: No route to host`)
  return "Can't connect to destination address using public key"
}

/** Why a volume's storage cannot send it. */
export function unsendable(type: string): string | undefined {
  return SENDABLE.has(type) ? undefined : `storage type '${type}' not supported`
}

/** Why a volume cannot go without the one it is a linked clone of. */
export function cloneTrouble({parent, storage}: VolumeRecord): string | undefined {
  return parent === undefined ? undefined : `clone of '${parent.slice(storage.length + 1)}'`
}

/** Sends volumes one after the other; the new name of each. What has arrived is freed if one fails. */
export async function sendAll(
  migration: Migration,
  volumes: readonly VolumeRecord[],
  send: (volume: VolumeRecord) => Promise<VolumeRecord>,
): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  const copies: VolumeRecord[] = []
  try {
    for (const volume of volumes) {
      const copy = await send(volume)
      copies.push(copy)
      names.set(volume.volid, copy.volid)
      info(migration, `volume '${volume.volid}' is '${copy.volid}' on the target`)
    }
  } catch (error) {
    for (const copy of copies) freeVolume(migration.world, volumeKey(copy))
    throw error
  }

  return names
}

/** A volume keeps its name where that is free, and gets the next number otherwise. */
export function freeVolid(world: World, volid: string, node: string): string {
  const isTaken = (candidate: string): boolean => findVolume(world, candidate, node) !== undefined
  let candidate = volid
  for (let index = 0; isTaken(candidate); index++) candidate = volid.replace(/disk-\d+(?=(?:\.\w+)?$)/, `disk-${index}`)
  return candidate
}

/** The guest as it is on the target, its process apart: its volumes have new names there, also in its snapshots. */
export function relocated(
  {run: _run, snapshots, ...rest}: GuestRecord,
  {node}: NodeRecord,
  rename: (config: GuestConfig) => GuestConfig,
): GuestRecord {
  return {
    ...rest,
    node,
    config: rename(rest.config),
    ...(snapshots && {
      snapshots: Object.fromEntries(
        Object.entries(snapshots).map(([name, snapshot]) => [name, {...snapshot, config: rename(snapshot.config)}]),
      ),
    }),
  }
}
