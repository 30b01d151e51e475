import type {Guest} from './guest.js'
import type {HaRules} from './ha-rules.js'
import type {ClusterNode} from './node.js'
import type {NodeStorage} from './storage.js'

/**
 * One look at everything that decides where guests may be. What could not be seen is absent: an absent set of bridges or mappings refuses nothing, absent
 * memory refuses every arrival.
 */
export interface PlacementFacts {
  readonly nodes: readonly PlacementNode[]
  /** All guests of the cluster, templates too: those that stay count as well. */
  readonly guests: readonly PlacementGuest[]
  /** One entry per node and storage, as `/cluster/resources` has them. */
  readonly storages: readonly NodeStorage[]
  readonly rules: HaRules
}

/** A node, and what guests find there. `haState: 'maintenance'` keeps guests away. */
export interface PlacementNode extends ClusterNode {
  /** What NICs can be connected to. */
  readonly bridges?: ReadonlySet<string>
  /** Resource mappings with a device of this node, as `mappingId` writes them. */
  readonly mappings?: ReadonlySet<string>
}

export interface PlacementGuest extends Pick<
  Guest,
  'cpus' | 'cpuUsage' | 'lock' | 'memoryBytes' | 'name' | 'node' | 'status' | 'tags' | 'template' | 'type' | 'vmid'
> {
  /** What HA keeps running, it also moves by itself: see `HaRules`. */
  readonly ha?: HaResource
  /** What its configuration asks of a node; absent while nobody has read it, and then it cannot be planned to move. */
  readonly needs?: GuestNeeds
}

export interface HaResource {
  /** HA takes it back to the best node that its rule names, as soon as that is there. */
  readonly failback: boolean
}

export interface GuestNeeds {
  readonly disks: readonly DiskNeed[]
  readonly bridges: readonly string[]
  readonly devices: readonly DeviceNeed[]
  /** It has snapshots: what is copied of it has to be copied with them. */
  readonly snapshots?: true
  /** What ties it to its node, in words: `hostpci0 is a device of the node itself`. */
  readonly pins: readonly string[]
}

/** A volume that has to be reachable where the guest is. */
export interface DiskNeed {
  /** `scsi0`, `rootfs` */
  readonly key: string
  readonly storage: string
  /** `generated`: a cloud-init drive, which Proxmox VE takes along without being asked. */
  readonly kind: 'cdrom' | 'disk' | 'generated'
  /** `qcow2`, `raw`; absent where the configuration does not tell. */
  readonly format?: string
  /** Absent where the configuration does not tell; such a volume needs no room. */
  readonly bytes?: number
}

/** A device by resource mapping: present on some nodes under one name. */
export interface DeviceNeed {
  readonly key: string
  readonly kind: 'dir' | 'pci' | 'usb'
  readonly mapping: string
  /** Whether a running guest may be moved with it. */
  readonly live: boolean
}

/** `pci:gpu` */
export function mappingId({kind, mapping}: Pick<DeviceNeed, 'kind' | 'mapping'>): string {
  return `${kind}:${mapping}`
}

/** Whether it takes memory at its node. A guest whose state is unknown may well run. */
export function takesMemory({status, template}: Pick<PlacementGuest, 'status' | 'template'>): boolean {
  return !template && status !== 'stopped'
}

/**
 * Memory that is taken at a node, in bytes: what its guests are configured with, and what it uses beyond that. A guest that uses little now may use all it was promised
 * later.
 */
export function memoryLoad(
  {node, memoryUsedBytes = 0}: Pick<ClusterNode, 'memoryUsedBytes' | 'node'>,
  guests: readonly Pick<PlacementGuest, 'memoryBytes' | 'node' | 'status' | 'template'>[],
): number {
  const there = guests.filter((guest) => guest.node === node)
  return Math.max(
    memoryUsedBytes,
    there.reduce((sum, guest) => sum + runningMemory(guest), 0),
  )
}

/**
 * The share of a node's memory that its guests may take to be as many as they were, 0..1 or more: what was taken then, and what the node uses now beyond its guests, which
 * is counted beside those that come home.
 * @param bytes what was taken then, by `memoryLoad`
 */
export function fullAgain(
  node: string,
  bytes: number,
  {guests, nodes}: Pick<PlacementFacts, 'guests' | 'nodes'>,
): number {
  const there = nodes.find((one) => one.node === node)
  if (there?.memoryBytes === undefined) return 0
  const beyond = memoryLoad(there, guests) - memoryLoad({node}, guests)
  return Math.ceil(((bytes + beyond) / there.memoryBytes) * 1e6) / 1e6
}

/** Its configured memory while it runs; 0 for what is stopped. */
export function runningMemory(guest: Pick<PlacementGuest, 'memoryBytes' | 'status' | 'template'>): number {
  return takesMemory(guest) ? (guest.memoryBytes ?? 0) : 0
}
