import type {ClusterResources} from './cluster.js'
import type {Guest} from './guest.js'
import {freeMemoryBytes} from './node.js'
import {naturalOrder} from './natural-order.js'
import {holdsDisksOf} from './storage.js'

/** What has to find a node: a clone of a template. */
export interface CloneDemand {
  /** The template and its twins: templates that may be cloned instead of each other. Never empty. */
  readonly copies: readonly Guest[]
  /** Memory that the new guest will be configured with. */
  readonly memoryBytes: number | undefined
  /** The storage that the disks go to on a node; undefined: where the template's are. */
  readonly storageOn: (node: string) => string | undefined
  /** Nodes known to be out, with the reason: what the server has refused already. */
  readonly refused: ReadonlyMap<string, string>
}

/** A node that can take the guest. */
export interface Candidate {
  readonly node: string
  /** The copy to clone; on another node than `node`, Proxmox has to be told the target. */
  readonly source: Guest
  readonly storage: string | undefined
  /** Absent when the node does not report its memory to this user. */
  readonly freeMemoryAfterBytes?: number
  readonly guestCount: number
}

export interface Rejection {
  readonly node: string
  readonly reason: string
}

export interface Placement {
  /** Best first. */
  readonly candidates: readonly Candidate[]
  readonly rejected: readonly Rejection[]
}

type Verdict = {readonly candidate: Candidate} | {readonly reason: string}

/** The copy to clone for a guest on `node`, or why there is none. */
function sourceFor(node: string, demand: CloneDemand, resources: ClusterResources): Guest | string {
  const online = new Set(resources.nodes.filter((n) => n.status === 'online').map((n) => n.node))
  const own = demand.copies.find((copy) => copy.node === node)
  if (own !== undefined) return own
  const reachable = demand.copies.filter((copy) => online.has(copy.node))
  const home = [...new Set(demand.copies.map((copy) => copy.node))].join(', ')
  if (reachable.length === 0) return `the template is on ${home}, which is offline`
  // Proxmox clones to another node only from shared disks, so a storage that both nodes see must be there at all.
  const shared = (on: string) =>
    new Set(
      resources.storages
        .filter((s) => s.node === on && s.shared && s.available && holdsDisksOf(s, 'qemu'))
        .map((s) => s.storage),
    )
  const here = shared(node)
  const source = reachable.find((copy) => [...shared(copy.node)].some((storage) => here.has(storage)))
  return source ?? `no copy of the template is on this node, and it shares no disk storage with ${home}`
}

function judge(node: ClusterResources['nodes'][number], demand: CloneDemand, resources: ClusterResources): Verdict {
  if (node.status !== 'online') return {reason: node.status === 'offline' ? 'offline' : 'reports no figures yet'}
  const refused = demand.refused.get(node.node)
  if (refused !== undefined) return {reason: refused}
  const source = sourceFor(node.node, demand, resources)
  if (typeof source === 'string') return {reason: source}

  const storage = demand.storageOn(node.node)
  if (storage !== undefined) {
    const target = resources.storages.find((s) => s.node === node.node && s.storage === storage)
    if (target === undefined) return {reason: `storage ${storage} is not there`}
    if (!target.available) return {reason: `storage ${storage} is not active there`}
    if (!holdsDisksOf(target, 'qemu')) return {reason: `storage ${storage} does not hold disk images`}
    if (source.node !== node.node && !target.shared) {
      return {reason: `the template is on ${source.node}, and storage ${storage} is not shared with it`}
    }
  }

  const free = freeMemoryBytes(node)
  const need = demand.memoryBytes ?? 0
  if (free !== undefined && free < need) return {reason: `${mebibytes(free)} of memory free, ${mebibytes(need)} needed`}
  return {
    candidate: {
      node: node.node,
      source,
      storage,
      ...(free !== undefined && {freeMemoryAfterBytes: free - need}),
      guestCount: resources.guests.filter((guest) => guest.node === node.node && !guest.template).length,
    },
  }
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MiB`
}

/**
 * Which nodes can take a clone, best first: most free memory left, then fewest guests, then by name. Nodes that report no memory come last.
 * Hard constraints (online, template within reach, storage active, memory fits) are never traded for anything.
 */
export function placeClone(demand: CloneDemand, resources: ClusterResources): Placement {
  const candidates: Candidate[] = []
  const rejected: Rejection[] = []
  for (const node of [...resources.nodes].sort((a, b) => naturalOrder(a.node, b.node))) {
    const verdict = judge(node, demand, resources)
    if ('candidate' in verdict) candidates.push(verdict.candidate)
    else rejected.push({node: node.node, reason: verdict.reason})
  }

  // The sort is stable, so what ties stays in the order of names.
  candidates.sort((a, b) => memoryRank(b) - memoryRank(a) || a.guestCount - b.guestCount)
  return {candidates, rejected}
}

function memoryRank(candidate: Candidate): number {
  return candidate.freeMemoryAfterBytes ?? Number.MIN_SAFE_INTEGER
}

/** Why the first candidate was taken, in words for people. */
export function placementReason({candidates, rejected}: Placement): string {
  const [best, second] = candidates
  if (best === undefined) return 'no eligible node'
  if (second === undefined) {
    return rejected.length === 0
      ? 'the only node'
      : `the only eligible node: ${rejected.map((r) => `${r.node}: ${r.reason}`).join('; ')}`
  }

  const among = `among ${candidates.length} eligible nodes`
  if (best.freeMemoryAfterBytes === undefined)
    return `fewest guests ${among} (their memory is not visible to this user)`
  if (best.freeMemoryAfterBytes !== second.freeMemoryAfterBytes) return `most free memory ${among}`
  if (best.guestCount !== second.guestCount)
    return `most free memory ${among}, of the equal ones that with the fewest guests`
  return `most free memory ${among}, of the equal ones the first by name`
}
