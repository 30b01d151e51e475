import {haObstacle} from './ha-rules.js'
import {nodeObstacle} from './node.js'
import {
  mappingId,
  takesMemory,
  type DiskNeed,
  type PlacementFacts,
  type PlacementGuest,
  type PlacementNode,
} from './placement-facts.js'
import type {NodeStorage} from './storage.js'

/** What may be done to move guests, and how full nodes may get. */
export interface PlacementPolicy {
  /**
   * Share of a node's memory that guests may take, 0..1. What counts is the configured memory of all that run there, plus what the node uses beyond that: a guest
   * that uses little now may use all it was promised later, and a node needs memory of its own.
   */
  readonly memoryCeiling: number
  /** Whether volumes on storages that are not shared may be copied along. */
  readonly localDisks: boolean
  /** Storage -> storage on the target, for volumes that are copied; those it does not name go to the storage of the same name. */
  readonly storageMap?: Readonly<Record<string, string>>
}

export const PLACEMENT_POLICY: PlacementPolicy = {memoryCeiling: 0.9, localDisks: false}

/** A volume that is copied when the guest moves. */
export interface CopiedDisk {
  readonly key: string
  readonly from: string
  readonly to: string
  /** 0 where nobody knows. */
  readonly bytes: number
}

/** What can be looked up about storages and nodes, made once for many guests. */
export class PlaceIndex {
  readonly #nodes: ReadonlyMap<string, PlacementNode>
  readonly #storages: ReadonlyMap<string, NodeStorage>
  readonly #shared: ReadonlySet<string>

  constructor(readonly facts: PlacementFacts) {
    this.#nodes = new Map(facts.nodes.map((node) => [node.node, node]))
    this.#storages = new Map(facts.storages.map((one) => [`${one.node}/${one.storage}`, one]))
    this.#shared = new Set(facts.storages.filter(({shared}) => shared).map(({storage}) => storage))
  }

  node(name: string): PlacementNode | undefined {
    return this.#nodes.get(name)
  }

  storage(node: string, storage: string): NodeStorage | undefined {
    return this.#storages.get(`${node}/${storage}`)
  }

  isShared(storage: string): boolean {
    return this.#shared.has(storage)
  }

  /** Whether HA could put a guest there. */
  usable = (name: string): boolean => {
    const node = this.#nodes.get(name)
    return node !== undefined && nodeObstacle(node) === undefined
  }
}

/** Why a guest cannot leave its node, wherever it should go; undefined where nothing holds it. */
export function anchorOf(guest: PlacementGuest, index: PlaceIndex, policy: PlacementPolicy): string | undefined {
  if (guest.template) return 'it is a template'
  const home = index.node(guest.node)
  if (home === undefined || home.status !== 'online') return `its node ${guest.node} is not online`
  if (guest.status === 'unknown') return 'nobody knows whether it runs'
  if (guest.lock !== undefined) return `it is locked (${guest.lock})`
  if (guest.needs === undefined) return 'its configuration could not be read'
  const [pin] = guest.needs.pins
  if (pin !== undefined) return pin
  const fixed = takesMemory(guest) ? guest.needs.devices.find(({live}) => !live) : undefined
  if (fixed !== undefined) return `${fixed.key} (${mappingId(fixed)}) cannot be moved while it runs`
  const stuck = guest.needs.disks.find((disk) => !index.isShared(disk.storage) && !mayCopy(disk, policy))
  if (stuck === undefined) return snapshotTie(guest, index)
  return stuck.kind === 'cdrom'
    ? `${stuck.key} holds a file of ${stuck.storage}, local to ${guest.node}`
    : `${stuck.key} is on ${stuck.storage}, local to ${guest.node}, and local disks are not to be moved`
}

function mayCopy({kind, storage}: DiskNeed, {localDisks, storageMap = {}}: PlacementPolicy): boolean {
  return kind === 'generated' || (kind === 'disk' && (localDisks || Object.hasOwn(storageMap, storage)))
}

/** Storages that send a volume with its snapshots; of other ones, the VM images in qcow2 files go with theirs. */
const SENDS_SNAPSHOTS: ReadonlySet<string> = new Set(['btrfs', 'zfspool'])

/**
 * Why the local disks of a guest with snapshots cannot be copied; undefined where they can, or where there are none. Proxmox VE copies no disk of a running VM that
 * has snapshots, and of what is stopped only where the storage can send them. A container is always stopped for it.
 */
export function snapshotTie(
  {needs, node, status, template, type}: Pick<PlacementGuest, 'needs' | 'node' | 'status' | 'template' | 'type'>,
  index: PlaceIndex,
): string | undefined {
  if (needs?.snapshots !== true) return undefined
  const live = type === 'qemu' && takesMemory({status, template})
  const sends = ({format, storage}: DiskNeed): boolean =>
    !live && ((type === 'qemu' && format === 'qcow2') || SENDS_SNAPSHOTS.has(index.storage(node, storage)?.type ?? ''))
  const tied = needs.disks.find(
    (disk) => disk.kind !== 'cdrom' && !disk.key.startsWith('unused') && !index.isShared(disk.storage) && !sends(disk),
  )
  return tied === undefined
    ? undefined
    : `it has snapshots, and ${tied.key} on ${tied.storage}, local to ${node}, cannot be copied with them${live ? ' while it runs' : ''}`
}

/** Which disks of a guest are copied when it moves; empty when it stays. */
export function copiedDisks(
  guest: PlacementGuest,
  to: string,
  index: PlaceIndex,
  {storageMap = {}}: PlacementPolicy,
): CopiedDisk[] {
  if (guest.node === to) return []
  return (guest.needs?.disks ?? [])
    .filter(({kind, storage}) => kind !== 'cdrom' && !index.isShared(storage))
    .map(({bytes = 0, key, storage}) => ({
      key,
      from: storage,
      to: Object.hasOwn(storageMap, storage) ? (storageMap[storage] ?? storage) : storage,
      bytes,
    }))
}

/**
 * Why a guest cannot be on a node, as far as that has nothing to do with how full the node is and with which guests are there: the node itself, storages,
 * bridges, mapped devices, and where HA wants the guest. What the guest's own configuration says must be there is checked on the node it is on, too.
 */
export function reachObstacle(
  guest: PlacementGuest,
  node: string,
  index: PlaceIndex,
  policy: PlacementPolicy,
  leaving?: ReadonlySet<string>,
): string | undefined {
  const there = index.node(node)
  if (there === undefined) return 'no such node'
  const out = nodeObstacle(there)
  if (out !== undefined) return out
  if (leaving?.has(node) === true) return 'its own guests are to leave it'
  if (guest.node !== node) {
    const lack = lackOf(guest, there, index, policy)
    if (lack !== undefined) return lack
  }

  return guest.ha === undefined
    ? undefined
    : haObstacle(guest.vmid, guest.ha.failback, node, index.facts.rules, index.usable)
}

function lackOf(
  guest: PlacementGuest,
  {bridges, mappings, node}: PlacementNode,
  index: PlaceIndex,
  policy: PlacementPolicy,
): string | undefined {
  const {needs, type} = guest
  if (needs === undefined) return 'the configuration of the guest could not be read'
  const copied = new Map(copiedDisks(guest, node, index, policy).map(({key, to}) => [key, to]))
  for (const disk of needs.disks) {
    const target = copied.get(disk.key) ?? disk.storage
    const storage = index.storage(node, target)
    if (storage === undefined) return `storage ${target} is not there`
    if (!storage.available) return `storage ${target} is not active there`
    const content = type === 'qemu' ? 'images' : 'rootdir'
    if (copied.has(disk.key) && !storage.content.includes(content))
      return `storage ${target} does not hold ${type === 'qemu' ? 'disk images' : 'container disks'}`
  }

  const bridge = bridges === undefined ? undefined : needs.bridges.find((name) => !bridges.has(name))
  if (bridge !== undefined) return `bridge ${bridge} is not there`
  const device = mappings === undefined ? undefined : needs.devices.find((one) => !mappings.has(mappingId(one)))
  return device === undefined ? undefined : `${device.key} (${mappingId(device)}) has no device there`
}
