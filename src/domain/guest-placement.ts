import type {ClusterResources} from './cluster.js'
import {rankNodes, type NodeCandidate, type NodeDemand, type Placement} from './placement.js'
import {formatSize} from './size.js'
import type {NodeStorage} from './storage.js'

/** What a storage on the guest's node is needed for. */
export interface StorageNeed {
  readonly storage: string
  readonly content: 'backup' | 'images' | 'import' | 'iso' | 'rootdir' | 'snippets' | 'vztmpl'
  /** Room for a new volume. */
  readonly bytes?: number
}

/** What a guest that is made from nothing asks of its node. */
export interface GuestDemand extends NodeDemand {
  /** The storages it will use on a node, or why it cannot be there. */
  readonly storagesOn: (node: string) => string | readonly StorageNeed[]
}

/** Storages that set the space of a volume aside at once; the others hand it out as it is written. */
const THICK: ReadonlySet<string> = new Set(['lvm'])

/** Which nodes can take a new guest, best first. */
export function placeGuest(demand: GuestDemand, resources: ClusterResources): Placement<NodeCandidate> {
  return rankNodes(demand, resources, (node) => {
    const seen = resources.storages.filter((storage) => storage.node === node)
    const needs = demand.storagesOn(node)
    return (typeof needs === 'string' ? needs : lacking(needs, seen)) ?? {}
  })
}

/** Why the storages that a node sees are not enough; undefined when they are. */
export function lacking(needs: readonly StorageNeed[], seen: readonly NodeStorage[]): string | undefined {
  const wanted = new Map<string, number>()
  for (const {bytes = 0, content, storage} of needs) {
    const there = seen.find((one) => one.storage === storage)
    if (there === undefined) return `storage ${storage} is not there`
    if (!there.available) return `storage ${storage} is not active there`
    if (!there.content.includes(content)) return `storage ${storage} does not hold ${CONTENT_WORDS[content]}`
    const sum = (wanted.get(storage) ?? 0) + bytes
    wanted.set(storage, sum)
    const free = (there.totalBytes ?? Number.NaN) - (there.usedBytes ?? Number.NaN)
    if (THICK.has(there.type ?? '') && free < sum)
      return `storage ${storage} has ${formatSize(free)} free, ${formatSize(sum)} needed`
  }

  return undefined
}

export const CONTENT_WORDS: Readonly<Record<StorageNeed['content'], string>> = {
  backup: 'backups',
  images: 'disk images',
  import: 'images to import',
  iso: 'ISO images',
  rootdir: 'container disks',
  snippets: 'snippets',
  vztmpl: 'container templates',
}
