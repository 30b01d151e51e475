import type {PlacementPolicy} from './guest-reach.js'
import {nodeObstacle} from './node.js'
import {MoveBoard, type MoveUnit} from './move-board.js'
import {groupOf} from './move-groups.js'
import {memoryPlan, movesOf, type NodeMemoryPlan, type PlannedMove} from './move-plan.js'
import {takesMemory, type PlacementFacts, type PlacementGuest} from './placement-facts.js'

export interface RebalanceOptions {
  readonly policy: PlacementPolicy
  /** How many guests may move at most. */
  readonly maxMoves: number
  /** A move must lower the imbalance by this much to be worth it; default 0.01. */
  readonly minGain?: number
}

/** Moves that even out how full the nodes are. */
export interface RebalancePlan {
  readonly moves: readonly PlannedMove[]
  /** See `imbalanceOf`. */
  readonly imbalanceBefore: number
  readonly imbalanceAfter: number
  readonly nodes: readonly NodeMemoryPlan[]
  /** How often it was asked whether guests fit on a node. */
  readonly steps: number
}

/**
 * The standard deviation of the shares of memory that are taken, over all nodes that take guests; 0 where all are equally full.
 * @param shares 0..1, one per node
 */
export function imbalanceOf(shares: readonly number[]): number {
  if (shares.length === 0) return 0
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length)
}

/**
 * The few moves that help most, one after the other, each guest once at most. Every move lowers the imbalance by `minGain` at least, so that the plan is never
 * worse than doing nothing, and breaks no hard constraint at any step. Guests that HA ties together stay where they are.
 */
export function planRebalance(
  facts: PlacementFacts,
  {maxMoves, minGain = 0.01, policy}: RebalanceOptions,
): RebalancePlan {
  const board = new MoveBoard(facts, policy)
  const taking = [...board.nodes.keys()].filter((number) => {
    const node = board.index.node(board.nodes[number] ?? '')
    return node !== undefined && nodeObstacle(node) === undefined && board.ceiling(number) !== undefined
  })
  const measure = (changes: ReadonlyMap<number, number> = new Map()): number =>
    imbalanceOf(taking.map((node) => (board.load(node) + (changes.get(node) ?? 0)) / (board.memoryOf(node) ?? 1)))
  const movable = facts.guests
    .filter((guest) => takesMemory(guest) && !guest.template && groupOf(guest, facts).length === 1)
    .sort((a, b) => a.vmid - b.vmid)
    .map((guest) => board.unit([guest]))
    .filter((unit) => board.anchor(unit) === undefined)
  const before = board.nodes.map((_, node) => board.load(node))
  const peak = [...before]
  const imbalanceBefore = measure()
  const departed = board.nodes.map((): number[] => [])
  const moves: PlannedMove[] = []
  const moved = new Set<MoveUnit>()
  while (moves.length < maxMoves) {
    const best = bestMove(board, movable, moved, taking, measure)
    if (best === undefined || measure() - best.imbalance < minGain) break
    const {node, unit} = best
    const [guest] = unit.guests as [PlacementGuest]
    moves.push(
      ...movesOf(
        board,
        unit,
        node,
        undefined,
        [...(departed[node] ?? [])].sort((a, b) => a - b),
      ),
    )
    moved.add(unit)
    departed[board.numberOf(guest.node)]?.push(guest.vmid)
    board.arrive(unit, node)
    board.settle(unit, node)
    peak[node] = Math.max(peak[node] ?? 0, board.load(node))
  }

  return {
    moves,
    imbalanceBefore,
    imbalanceAfter: measure(),
    nodes: memoryPlan(board, before, peak),
    steps: board.steps,
  }
}

function bestMove(
  board: MoveBoard,
  movable: readonly MoveUnit[],
  moved: ReadonlySet<MoveUnit>,
  taking: readonly number[],
  measure: (changes: ReadonlyMap<number, number>) => number,
): {unit: MoveUnit; node: number; imbalance: number} | undefined {
  let best: {unit: MoveUnit; node: number; imbalance: number} | undefined
  for (const unit of movable) {
    if (moved.has(unit)) continue
    const from = board.numberOf(unit.guests[0]?.node ?? '')
    for (const node of taking) {
      if (node === from || !board.fits(unit, node)) continue
      const imbalance = measure(
        new Map([
          [from, -unit.memoryBytes],
          [node, unit.memoryBytes],
        ]),
      )
      if (best === undefined || imbalance < best.imbalance) best = {unit, node, imbalance}
    }
  }

  return best
}
