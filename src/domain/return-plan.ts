import {MoveBoard} from './move-board.js'
import {groupOf} from './move-groups.js'
import {
  blockedGuest,
  memoryPlan,
  movesOf,
  rejections,
  type BlockedGuest,
  type NodeMemoryPlan,
  type PlannedMove,
} from './move-plan.js'
import {sequenceMoves, type Arrival} from './move-sequence.js'
import type {PlacementPolicy} from './guest-reach.js'
import {nodeObstacle} from './node.js'
import {guestLabel, type Guest} from './guest.js'
import {type PlacementFacts, type PlacementGuest} from './placement-facts.js'
import {formatSize} from './size.js'

/** Where a guest was before, as a journal keeps it. */
export interface GuestOrigin {
  readonly vmid: number
  readonly node: string
  /** It was shut down there, and is to run again. */
  readonly shutDown?: boolean
}

export interface PlannedStart extends Pick<Guest, 'name' | 'type' | 'vmid'> {
  readonly node: string
  readonly memoryBytes: number
}

/** How guests get home again. */
export interface ReturnPlan {
  /** In the order to begin them; see `PlannedMove.after`. */
  readonly moves: readonly PlannedMove[]
  /** Guests to start, once the moves are over. */
  readonly starts: readonly PlannedStart[]
  readonly blocked: readonly BlockedGuest[]
  /** VMIDs that are where they were, and need nothing. */
  readonly home: readonly number[]
  /** VMIDs of guests that are gone. */
  readonly gone: readonly number[]
  readonly nodes: readonly NodeMemoryPlan[]
  /** How often it was asked whether guests fit on a node. */
  readonly steps: number
}

/**
 * Brings guests back to where they were, in an order that breaks no hard constraint at any step. Each goes home or is named with the reason; guests that are
 * tied to each other go together. What was shut down is started where it is.
 */
export function planReturn(
  facts: PlacementFacts,
  origins: readonly GuestOrigin[],
  policy: PlacementPolicy,
  budget?: number,
): ReturnPlan {
  const board = new MoveBoard(facts, policy)
  const known = new Map(facts.guests.map((guest) => [guest.vmid, guest]))
  const homes = new Map(origins.filter(({vmid}) => known.has(vmid)).map(({node, vmid}) => [vmid, node]))
  const before = board.nodes.map((_, node) => board.load(node))
  const blocked: BlockedGuest[] = []
  const arrivals: Arrival[] = []
  const seen = new Set<number>()
  const going = new Map<number, string>()
  for (const {vmid} of origins) {
    const guest = known.get(vmid)
    const home = homes.get(vmid)
    if (guest === undefined || home === undefined || guest.node === home || seen.has(vmid)) continue
    const group = groupOf(guest, facts)
    const guests = group.filter((one) => one.node !== home && homes.get(one.vmid) === home)
    const ahead = group.find((one) => (going.get(one.vmid) ?? home) !== home)
    for (const one of guests) seen.add(one.vmid)
    if (ahead !== undefined) {
      const why = `HA keeps it together with ${guestLabel(ahead)}, which goes to ${going.get(ahead.vmid)}`
      blocked.push(...guests.map((one) => blockedGuest(one, why)))
      continue
    }

    const stays = group.filter((one) => !guests.includes(one))
    const unit = board.unit(guests, stays)
    const node = board.numberOf(home)
    const anchor = board.anchor(unit) ?? (node < 0 ? `its node ${home} is no longer there` : unit.out[node])
    if (anchor === undefined) {
      arrivals.push({unit, node})
      for (const one of guests) going.set(one.vmid, home)
    } else blocked.push(...guests.map((one) => blockedGuest(one, anchor)))
  }

  const {peak, steps, stuck} = sequenceMoves(board, arrivals, budget)
  for (const {node, unit} of stuck) {
    const [why] = rejections(board, unit).filter((one) => one.node === board.nodes[node])
    blocked.push(
      ...unit.guests.map((guest) =>
        blockedGuest(guest, `${board.nodes[node]}: ${why?.reason ?? 'no order of the moves leads there'}`),
      ),
    )
  }

  const starts: PlannedStart[] = []
  for (const guest of origins.flatMap(({shutDown, vmid}) => (shutDown === true ? (known.get(vmid) ?? []) : []))) {
    if (guest.status !== 'stopped' || guest.template) continue
    const obstacle = startObstacle(board, guest)
    if (obstacle !== undefined) {
      blocked.push(blockedGuest(guest, obstacle))
      continue
    }

    const {name, type, vmid} = guest
    const node = board.whereIs(vmid) ?? guest.node
    const memoryBytes = guest.memoryBytes ?? 0
    board.take(board.numberOf(node), memoryBytes)
    starts.push({vmid, ...(name !== undefined && {name}), type, node, memoryBytes})
  }

  const busy = new Set([...seen, ...starts.map(({vmid}) => vmid), ...blocked.map(({vmid}) => vmid)])
  return {
    moves: steps.flatMap(({after, node, unit}) => movesOf(board, unit, node, undefined, after)),
    starts,
    blocked: blocked.sort((a, b) => a.vmid - b.vmid),
    home: [...homes.keys()].filter((vmid) => !busy.has(vmid)).sort((a, b) => a - b),
    gone: origins.filter(({vmid}) => !known.has(vmid)).map(({vmid}) => vmid),
    nodes: memoryPlan(
      board,
      before,
      peak.map((bytes, node) => Math.max(bytes, board.load(node))),
    ),
    steps: board.steps,
  }
}

/** Why a guest that was shut down cannot be started where it is. */
function startObstacle(board: MoveBoard, guest: PlacementGuest): string | undefined {
  const node = board.whereIs(guest.vmid) ?? guest.node
  const there = board.index.node(node)
  const out = there === undefined ? 'no such node' : nodeObstacle(there)
  if (out !== undefined) return `${node}: ${out}`
  if (guest.lock !== undefined) return `it is locked (${guest.lock})`
  const room = board.room(board.numberOf(node))
  const need = guest.memoryBytes ?? 0
  return room >= need
    ? undefined
    : `${node}: ${formatSize(Math.max(0, room))} of memory left, ${formatSize(need)} needed`
}

/** Whether anything has to be done at all. */
export function isHome({blocked, moves, starts}: ReturnPlan): boolean {
  return blocked.length + moves.length + starts.length === 0
}
