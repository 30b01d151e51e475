import {guestLimits, guestUsage} from './guest-figures.js'

import type {GuestRecord, NodeRecord, StorageRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** What a node has and uses: bytes, seconds, load as a fraction of all its processors. */
export interface NodeFigures {
  readonly maxcpu: number
  readonly cpu: number
  readonly maxmem: number
  readonly mem: number
  readonly maxdisk: number
  readonly disk: number
  readonly uptime: number
}

export interface StorageUsage {
  readonly total: number
  readonly used: number
  readonly avail: number
}

/** Figures of all nodes and storages at one moment. Make one per request: it looks at each guest and volume once. */
export class Figures {
  private readonly guestsByNode = new Map<string, GuestRecord[]>()
  private usedByFilesystem: Map<string, number> | undefined

  constructor(private readonly world: World) {
    for (const guest of world.store.of('guests').values()) {
      const list = this.guestsByNode.get(guest.node)
      if (list) list.push(guest)
      else this.guestsByNode.set(guest.node, [guest])
    }
  }

  /** The guests whose configuration lies on a node. */
  guests(node: string): readonly GuestRecord[] {
    return this.guestsByNode.get(node) ?? []
  }

  node(node: NodeRecord): NodeFigures {
    const maxcpu = node.sockets * node.cores
    let mem = node.baseMemoryBytes
    let busy = node.baseCpu * maxcpu
    const now = this.world.clock.nowMs()
    for (const guest of this.guests(node.node)) {
      if (!guest.run) continue
      const limits = this.world.derived(guest, guestLimits)
      const usage = guestUsage(guest, now, limits)
      mem += usage.mem
      busy += usage.cpu * (limits.maxcpu || maxcpu)
    }

    const root = [...this.world.store.of('storages').values()].find((storage) => storage.filesystem === 'root')
    return {
      maxcpu,
      cpu: Math.min(1, busy / maxcpu),
      maxmem: node.memoryBytes,
      mem: Math.min(node.memoryBytes, mem),
      maxdisk: node.rootfsTotalBytes,
      disk: node.rootfsUsedBytes + (root ? this.volumesOn(root, node.node) : 0),
      uptime: Math.max(0, Math.floor((this.world.clock.nowMs() - node.bootedAt) / 1000)),
    }
  }

  /** How full a storage is, seen from a node. */
  storage(storage: StorageRecord, node: string): StorageUsage {
    const total = storage.totalBytes
    const filled = storage.filled?.[isShared(storage) ? '' : node] ?? 0
    const used = Math.min(total, storage.usedBytes + filled + this.volumesOn(storage, node))
    return {total, used, avail: total - used}
  }

  private volumesOn(storage: StorageRecord, node: string): number {
    this.usedByFilesystem ??= this.sumVolumes()
    return this.usedByFilesystem.get(filesystemKey(storage, node)) ?? 0
  }

  private sumVolumes(): Map<string, number> {
    const sums = new Map<string, number>()
    const storages = this.world.store.of('storages')
    for (const volume of this.world.store.of('volumes').values()) {
      const storage = storages.get(volume.storage)
      if (!storage) continue
      const key = filesystemKey(storage, volume.node ?? '')
      sums.set(key, (sums.get(key) ?? 0) + volume.used)
    }

    return sums
  }
}

/** Whether every node sees the same content. */
export function isShared(storage: StorageRecord): boolean {
  return storage.config['shared'] === 1
}

/** Whether a storage is configured for a node and not switched off. */
export function isEnabledOn(storage: StorageRecord, node: string): boolean {
  const nodes = storage.config['nodes']
  return storage.config['disable'] !== 1 && (typeof nodes !== 'string' || nodes.split(',').includes(node))
}

function filesystemKey(storage: StorageRecord, node: string): string {
  return `${isShared(storage) ? '' : node} ${storage.filesystem ?? storage.storage}`
}
