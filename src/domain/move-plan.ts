import {guestLabel, type Guest} from './guest.js'
import {copiedDisks, type CopiedDisk, type PlacementPolicy} from './guest-reach.js'
import {assignUnits} from './move-assignment.js'
import {MoveBoard, type MoveUnit} from './move-board.js'
import {groupOf} from './move-groups.js'
import {takesMemory, type PlacementFacts, type PlacementGuest} from './placement-facts.js'
import type {Rejection} from './placement.js'
import type {ScorePart} from './placement-score.js'

/** How a guest is moved: a running VM goes on running, a running container is restarted. */
export type MoveManner = 'offline' | 'online' | 'restart'

type Who = Pick<Guest, 'name' | 'type' | 'vmid'>

/** One guest on its way from one node to another. */
export interface PlannedMove extends Who {
  readonly from: string
  readonly to: string
  readonly manner: MoveManner
  /** What it takes at both ends while it moves; 0 for a guest that is stopped. */
  readonly memoryBytes: number
  /** Disks that are copied to storages of the target; absent where all are shared. */
  readonly copies?: readonly CopiedDisk[]
  /** VMIDs whose moves must be over before this one begins; absent: it may begin at once. */
  readonly after?: readonly number[]
  /** VMIDs that move to the same node at the same time, for HA keeps them together. */
  readonly with?: readonly number[]
  /** Why that node, in points; absent where the node was given. */
  readonly score?: number
  readonly parts?: readonly ScorePart[]
}

/** A guest that has to leave and cannot. */
export interface BlockedGuest extends Who {
  readonly node: string
  readonly running: boolean
  /** HA looks after it. */
  readonly ha?: true
  /** One sentence. */
  readonly reason: string
  /** Why not, node by node; absent where the guest is held where it is. */
  readonly rejected?: readonly Rejection[]
}

/** A guest that stays by intention. */
export interface StayingGuest extends Who {
  readonly node: string
  readonly reason: 'stopped' | 'template'
}

/** Memory of a node over the time of a plan. */
export interface NodeMemoryPlan {
  readonly node: string
  readonly memoryBytes?: number
  /** The most that guests may take; absent where the node's memory is not known. */
  readonly ceilingBytes?: number
  readonly beforeBytes: number
  /** The most at any moment, in whatever order moves that may go on side by side do. */
  readonly peakBytes: number
  readonly afterBytes: number
}

/** What is done with running guests that cannot move: nothing is done at all; they are shut down where they are; they are left running. */
export type BlockedManner = 'fail' | 'leave' | 'shutdown'

export interface MoveOptions {
  /** The nodes whose guests are to leave; none of them takes any. */
  readonly leaving: readonly string[]
  readonly policy: PlacementPolicy
  readonly blocked: BlockedManner
  /** Whether guests that are stopped move as well. They are `staying` otherwise: nothing of them is lost while their node is down. */
  readonly stopped: 'move' | 'stay'
  /** How long to search: see `ASSIGNMENT_BUDGET`. */
  readonly budget?: number
}

/** Where each guest goes. The same facts and options give the same plan. */
export interface MovePlan {
  /** False where guests are blocked and `blocked: 'fail'` was asked for: do nothing of it. */
  readonly possible: boolean
  /** In the order to begin them; as many at a time as wanted, as long as `after` is kept. */
  readonly moves: readonly PlannedMove[]
  /** Guests to shut down where they are. */
  readonly shutdowns: readonly BlockedGuest[]
  /** All that cannot move, those to be shut down among them. Guests that are stopped are no reason to fail. */
  readonly blocked: readonly BlockedGuest[]
  readonly staying: readonly StayingGuest[]
  readonly nodes: readonly NodeMemoryPlan[]
  /** Whether it is certain that no plan moves more guests; false only where the search was cut short. */
  readonly exhaustive: boolean
  /** How often it was asked whether guests fit on a node. */
  readonly steps: number
}

/**
 * Where the guests of some nodes go, so that no hard constraint is broken at any step: see `reachObstacle` for what has to be there, `PlacementPolicy` for memory
 * (a guest on its way counts at both ends), and `HaRules` for who stays together and apart. Only guests of the leaving nodes move, so that targets only ever
 * gain: a plan is complete whenever there is an assignment of guests to nodes at all, and safe in every order.
 */
export function planMoves(facts: PlacementFacts, options: MoveOptions): MovePlan {
  const {blocked: manner, budget, policy, stopped} = options
  const leaving = new Set(options.leaving)
  const board = new MoveBoard(facts, policy, leaving)
  const {groups, staying} = whoLeaves(facts, leaving, stopped)
  const blocked: BlockedGuest[] = []
  const units: MoveUnit[] = []
  for (const {guests, stays} of groups) {
    const unit = board.unit(guests, stays)
    const anchor = board.anchor(unit)
    const lost = anchor ?? (unit.out.every((reason) => reason !== undefined) ? 'no node can take it' : undefined)
    if (lost === undefined) units.push(unit)
    else
      blocked.push(
        ...unit.guests.map((guest) =>
          blockedGuest(guest, lost, anchor === undefined ? rejections(board, unit) : undefined),
        ),
      )
  }

  const assigned = assignUnits(board, units, budget)
  const before = board.nodes.map((_, node) => board.load(node))
  const moves: PlannedMove[] = []
  for (const unit of units.filter((one) => assigned.places.has(one)).sort(largestFirst)) {
    const node = assigned.places.get(unit) ?? 0
    const score = board.score(unit, node)
    board.arrive(unit, node)
    moves.push(...movesOf(board, unit, node, score))
  }

  // Every move may be under way when the first is over.
  const peak = board.nodes.map((_, node) => board.load(node))
  for (const unit of assigned.dropped)
    blocked.push(
      ...unit.guests.map((guest) =>
        blockedGuest(guest, 'no node has room for it beside the others', rejections(board, unit)),
      ),
    )
  for (const [unit, node] of assigned.places) board.settle(unit, node)
  blocked.sort((a, b) => a.vmid - b.vmid)
  const held = new Map(facts.guests.map((guest) => [guest.vmid, shutdownObstacle(guest)]))
  const grave = blocked.filter(({running}) => running)
  const shutdowns = manner === 'shutdown' ? grave.filter(({vmid}) => held.get(vmid) === undefined) : []
  return {
    possible: manner === 'leave' || grave.length === shutdowns.length,
    moves,
    shutdowns,
    blocked:
      manner === 'shutdown'
        ? blocked.map((guest) => (guest.running ? {...guest, reason: withObstacle(guest, held)} : guest))
        : blocked,
    staying,
    nodes: memoryPlan(board, before, peak),
    exhaustive: assigned.exhaustive,
    steps: board.steps,
  }
}

/** Why a running guest cannot be shut down: Proxmox VE refuses that while it is locked or paused (reference 2.9, 2.12). */
function shutdownObstacle({lock, status}: PlacementGuest): string | undefined {
  if (lock !== undefined) return `it is locked (${lock})`
  return status === 'paused' ? 'it is paused' : undefined
}

function withObstacle({reason, vmid}: BlockedGuest, held: ReadonlyMap<number, string | undefined>): string {
  const obstacle = held.get(vmid)
  if (obstacle === undefined) return reason
  return reason === obstacle
    ? `${reason}, and cannot be shut down either`
    : `${reason}, and ${obstacle}: it cannot be shut down either`
}

/** Guests by unit, and those that stay by intention. A guest that is tied to one that moves goes along, stopped or not. */
function whoLeaves(
  facts: PlacementFacts,
  leaving: ReadonlySet<string>,
  stopped: 'move' | 'stay',
): {groups: {guests: PlacementGuest[]; stays: PlacementGuest[]}[]; staying: StayingGuest[]} {
  const here = facts.guests.filter(({node}) => leaving.has(node)).sort((a, b) => a.vmid - b.vmid)
  const goes = (guest: PlacementGuest) => !guest.template && (stopped === 'move' || takesMemory(guest))
  const seen = new Set<number>()
  const groups: {guests: PlacementGuest[]; stays: PlacementGuest[]}[] = []
  for (const guest of here) {
    if (seen.has(guest.vmid) || !goes(guest)) continue
    const group = groupOf(guest, facts)
    const guests = group.filter(({node}) => leaving.has(node))
    for (const {vmid} of guests) seen.add(vmid)
    groups.push({guests, stays: group.filter(({node}) => !leaving.has(node))})
  }

  const staying = here
    .filter(({vmid}) => !seen.has(vmid))
    .map((guest): StayingGuest => ({
      ...who(guest),
      node: guest.node,
      reason: guest.template ? 'template' : 'stopped',
    }))
  return {groups, staying}
}

/** What a unit's arrival at a node means for each of its guests; those that are there already do not move. */
export function movesOf(
  board: MoveBoard,
  {guests}: MoveUnit,
  node: number,
  score?: {readonly score: number; readonly parts: readonly ScorePart[]},
  after: readonly number[] = [],
): PlannedMove[] {
  const to = board.nodes[node] ?? ''
  return guests
    .filter((guest) => guest.node !== to)
    .map((guest) => {
      const copies = copiedDisks(guest, to, board.index, board.policy)
      const company = guests.filter(({vmid}) => vmid !== guest.vmid).map(({vmid}) => vmid)
      return {
        ...who(guest),
        from: guest.node,
        to,
        manner: takesMemory(guest) ? (guest.type === 'qemu' ? 'online' : 'restart') : 'offline',
        memoryBytes: takesMemory(guest) ? (guest.memoryBytes ?? 0) : 0,
        ...(copies.length > 0 && {copies}),
        ...(after.length > 0 && {after}),
        ...(company.length > 0 && {with: company}),
        ...score,
      }
    })
}

/** Why a unit cannot go anywhere as things stand, but for the nodes that its guests are to leave. */
export function rejections(board: MoveBoard, unit: MoveUnit): Rejection[] {
  const homes = new Set(unit.guests.map(({node}) => node))
  return [...board.nodes.entries()].flatMap(([number, node]) => {
    const reason = homes.has(node) ? undefined : board.obstacle(unit, number)
    return reason === undefined ? [] : [{node, reason}]
  })
}

export function blockedGuest(guest: PlacementGuest, reason: string, rejected?: readonly Rejection[]): BlockedGuest {
  const why = (rejected ?? []).map(({node, reason: own}) => `${node}: ${own}`).join('; ')
  return {
    ...who(guest),
    node: guest.node,
    running: takesMemory(guest),
    ...(guest.ha !== undefined && {ha: true}),
    reason: why === '' ? reason : `${reason} (${why})`,
    ...(rejected !== undefined && {rejected}),
  }
}

export function memoryPlan(board: MoveBoard, before: readonly number[], peak: readonly number[]): NodeMemoryPlan[] {
  return board.nodes.map((node, number) => {
    const memoryBytes = board.memoryOf(number)
    const ceiling = board.ceiling(number)
    return {
      node,
      ...(memoryBytes !== undefined && {memoryBytes}),
      ...(ceiling !== undefined && {ceilingBytes: Math.floor(ceiling)}),
      beforeBytes: before[number] ?? 0,
      peakBytes: peak[number] ?? 0,
      afterBytes: board.load(number),
    }
  })
}

/** The guests that are blocked, in words; for a failure's message. */
export function blockedText(blocked: readonly BlockedGuest[]): string {
  return blocked.map((guest) => `${guestLabel(guest)}: ${guest.reason}`).join('; ')
}

function largestFirst(a: MoveUnit, b: MoveUnit): number {
  return b.memoryBytes - a.memoryBytes || (a.guests[0]?.vmid ?? 0) - (b.guests[0]?.vmid ?? 0)
}

function who({name, type, vmid}: PlacementGuest): Who {
  return {vmid, ...(name !== undefined && {name}), type}
}
