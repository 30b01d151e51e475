import type {ClusterResources} from './cluster.js'
import type {Guest, GuestType} from './guest.js'
import {PLACEMENT_POLICY} from './guest-reach.js'
import {NO_HA_RULES} from './ha-rules.js'
import {MoveBoard} from './move-board.js'
import type {PlacementGuest} from './placement-facts.js'
import {likesOf, nameGroup, type ScorePart} from './placement-score.js'
import {holdsDisksOf} from './storage.js'
import {freeVmid, type VmidSpan} from './vmid.js'

/** What has to find a node: a clone of a template. */
export interface CloneDemand extends NodeDemand {
  /** The template and its twins: templates that may be cloned instead of each other. Never empty. */
  readonly copies: readonly Guest[]
  /** The storage that the disks go to on a node; undefined: where the template's are. */
  readonly storageOn: (node: string) => string | undefined
}

/** A node that can take the guest. */
export interface NodeCandidate {
  readonly node: string
  /** Absent when the node does not report its memory to this user. */
  readonly freeMemoryAfterBytes?: number
  readonly guestCount: number
  /** The sum of what speaks for the node. */
  readonly score?: number
  /** What the score is made of. */
  readonly parts?: readonly ScorePart[]
}

/** A node that can take a clone. */
export interface Candidate extends NodeCandidate {
  /** The copy to clone; on another node than `node`, Proxmox has to be told the target. */
  readonly source: Guest
  readonly storage: string | undefined
}

export interface Rejection {
  readonly node: string
  readonly reason: string
  /** It would be eligible if there were more left of it. */
  readonly lacks?: 'memory' | 'vmids'
}

export interface Placement<C extends NodeCandidate = Candidate> {
  /** Best first. */
  readonly candidates: readonly C[]
  readonly rejected: readonly Rejection[]
}

/** What every guest asks of its node. */
export interface NodeDemand {
  /** Memory that the guest will be configured with. */
  readonly memoryBytes: number | undefined
  /** Nodes known to be out, with the reason: what the server has refused already. */
  readonly refused: ReadonlyMap<string, string>
  /** Guests that are called alike, `web-1` and `web-2`, are kept apart; without such, guests with the same tags. */
  readonly name?: string
  readonly tags?: readonly string[]
  /** Never two that are called alike on one node. */
  readonly spread?: boolean
  /** See `PlacementPolicy`; undefined: the usual one. */
  readonly memoryCeiling?: number
  /** Where the VMID of a guest on that node has to be from; undefined: anywhere. */
  readonly vmidsOn?: (node: string) => VmidSpan | undefined
}

/** The copy to clone for a guest on `node`, or why there is none. */
function sourceFor(node: string, demand: CloneDemand, resources: ClusterResources): Guest | string {
  const online = new Set(resources.nodes.filter((n) => n.status === 'online').map((n) => n.node))
  const own = demand.copies.find((copy) => copy.node === node)
  if (own !== undefined) return own
  const reachable = demand.copies.filter((copy) => online.has(copy.node))
  const home = [...new Set(demand.copies.map((copy) => copy.node))].join(', ')
  if (reachable.length === 0) return `the template is on ${home}, which is offline`
  // Proxmox clones to another node only from shared disks, so a storage that both nodes see must be there at all.
  const type = typeOf(demand)
  const shared = (on: string) =>
    new Set(
      resources.storages
        .filter((s) => s.node === on && s.shared && s.available && holdsDisksOf(s, type))
        .map((s) => s.storage),
    )
  const here = shared(node)
  const source = reachable.find((copy) => [...shared(copy.node)].some((storage) => here.has(storage)))
  return source ?? `no copy of the template is on this node, and it shares no disk storage with ${home}`
}

function typeOf({copies}: CloneDemand): GuestType {
  return copies[0]?.type ?? 'qemu'
}

/** The copy and the storage for a clone on `node`, or why it cannot be there. */
function judgeClone(
  node: string,
  demand: CloneDemand,
  resources: ClusterResources,
): Pick<Candidate, 'source' | 'storage'> | string {
  const source = sourceFor(node, demand, resources)
  if (typeof source === 'string') return source
  const storage = demand.storageOn(node)
  if (storage === undefined) return {source, storage}
  const target = resources.storages.find((s) => s.node === node && s.storage === storage)
  if (target === undefined) return `storage ${storage} is not there`
  if (!target.available) return `storage ${storage} is not active there`
  if (!holdsDisksOf(target, typeOf(demand)))
    return `storage ${storage} does not hold ${typeOf(demand) === 'qemu' ? 'disk images' : 'container disks'}`
  return source.node !== node && !target.shared
    ? `the template is on ${source.node}, and storage ${storage} is not shared with it`
    : {source, storage}
}

/** Which nodes can take a clone, best first: see `rankNodes`. */
export function placeClone(demand: CloneDemand, resources: ClusterResources): Placement {
  return rankNodes(demand, resources, (node) => judgeClone(node, demand, resources))
}

/**
 * Which nodes can take a new guest, best first: by score (`placement-score.ts`), then most free memory left, then fewest guests, then by name. Nodes that report no
 * memory come last. Constraints and score are those of guests that move (`MoveBoard`): a new guest is one that comes from nowhere, and is going to run.
 * @param judge what the guest will have on that node, or why it cannot be there
 */
export function rankNodes<Extra extends object>(
  demand: NodeDemand,
  resources: ClusterResources,
  judge: (node: string) => Extra | string,
): Placement<Extra & NodeCandidate> {
  const {memoryCeiling = PLACEMENT_POLICY.memoryCeiling, name, refused, tags = [], vmidsOn} = demand
  const board = new MoveBoard({...resources, rules: NO_HA_RULES}, {...PLACEMENT_POLICY, memoryCeiling})
  const newcomer: PlacementGuest = {
    ...NEWCOMER,
    tags,
    ...(name !== undefined && {name}),
    ...(demand.memoryBytes !== undefined && {memoryBytes: demand.memoryBytes}),
  }
  const unit = board.unit([newcomer])
  const likes = likesOf(newcomer, resources.guests)
  const used = new Set(resources.guests.map(({vmid}) => vmid))
  const candidates: (Extra & NodeCandidate)[] = []
  const rejected: Rejection[] = []
  for (const [number, node] of board.nodes.entries()) {
    const verdict = unit.out[number] ?? refused.get(node) ?? rivalOn(node, demand, likes) ?? judge(node)
    if (typeof verdict === 'string') {
      rejected.push({node, reason: verdict})
      continue
    }

    const span = vmidsOn?.(node)
    if (span !== undefined && freeVmid(span, used) === undefined) {
      rejected.push({node, reason: `no VMID from ${span.first} to ${span.last} is free`, lacks: 'vmids'})
      continue
    }

    const total = board.memoryOf(number)
    // Nobody can tell how full a node is that does not report it: it comes last, but it may be taken.
    const blind = board.ceiling(number) === undefined
    const lack = blind ? undefined : board.obstacle(unit, number)
    if (lack !== undefined) {
      rejected.push({node, reason: lack, ...(board.lacksMemory(unit, number) && {lacks: 'memory'})})
      continue
    }

    candidates.push({
      node,
      ...verdict,
      ...(!blind && total !== undefined && {freeMemoryAfterBytes: total - board.load(number) - unit.memoryBytes}),
      guestCount: resources.guests.filter((guest) => guest.node === node && !guest.template).length,
      ...board.score(unit, number),
    })
  }

  return {candidates: bestFirst(candidates), rejected}
}

/** A guest that is nowhere yet, and asks for nothing that a judge does not know better. */
const NEWCOMER = {
  vmid: 0,
  type: 'qemu',
  node: '',
  status: 'running',
  template: false,
  tags: [],
  needs: {disks: [], bridges: [], devices: [], pins: []},
} as const satisfies PlacementGuest

type Likes = ReturnType<typeof likesOf<Guest>>

/** Why a guest that is to be apart from its likes cannot be on a node. */
function rivalOn(node: string, {name, spread}: NodeDemand, likes: Likes): string | undefined {
  if (spread !== true || likes === undefined || likes.group !== nameGroup(name)) return undefined
  const rival = likes.guests.find((guest) => guest.node === node)
  return rival === undefined ? undefined : `${rival.name} is there, and they are spread over nodes`
}

/** By score, then memory, then how many guests are there; what ties stays in the order it came in. */
export function bestFirst<C extends NodeCandidate>(candidates: readonly C[]): C[] {
  const blind = ({freeMemoryAfterBytes}: C): number => Number(freeMemoryAfterBytes === undefined)
  return [...candidates].sort(
    (a, b) =>
      blind(a) - blind(b) ||
      (b.score ?? 0) - (a.score ?? 0) ||
      memoryRank(b) - memoryRank(a) ||
      a.guestCount - b.guestCount,
  )
}

function memoryRank(candidate: NodeCandidate): number {
  return candidate.freeMemoryAfterBytes ?? Number.MIN_SAFE_INTEGER
}

/** Why the first candidate was taken, in words for people. */
export function placementReason({candidates, rejected}: Placement<NodeCandidate>): string {
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
  const decisive = decisivePart(best, second)
  if (decisive !== undefined && decisive !== 'memory') return `${WHY[decisive]} ${among}`
  if (decisive === 'memory' && candidates.some((one) => memoryRank(one) > memoryRank(best)))
    return `largest share of memory free ${among}`
  if (best.freeMemoryAfterBytes !== second.freeMemoryAfterBytes) return `most free memory ${among}`
  if (best.guestCount !== second.guestCount)
    return `most free memory ${among}, of the equal ones that with the fewest guests`
  return `most free memory ${among}, of the equal ones the first by name`
}

const WHY = {
  affinity: 'preferred by its HA rule',
  cpu: 'most idle processors',
  spread: 'farthest from guests like it',
  stay: 'where it is already',
} as const

/** What puts one node before another; undefined where they score the same. */
function decisivePart(best: NodeCandidate, second: NodeCandidate): ScorePart['part'] | undefined {
  const points = ({parts = []}: NodeCandidate) => new Map(parts.map((one) => [one.part, one.points]))
  const others = points(second)
  let decisive: {part: ScorePart['part']; lead: number} | undefined
  for (const [part, own] of points(best)) {
    const lead = own - (others.get(part) ?? 0)
    if (lead > (decisive?.lead ?? 0)) decisive = {part, lead}
  }

  return decisive?.part
}
