import type {MoveBoard, MoveUnit} from './move-board.js'

/** A unit and the node it is to get, by number. */
export interface Arrival {
  readonly unit: MoveUnit
  readonly node: number
}

export interface Sequence {
  /** In an order in which each finds its place free. */
  readonly steps: readonly SequenceStep[]
  /** What never finds its place free; all of the others do. */
  readonly stuck: readonly Arrival[]
  /** The highest load of each node on the way. */
  readonly peak: readonly number[]
}

export interface SequenceStep extends Arrival {
  /** VMIDs that must have left the node before. */
  readonly after: readonly number[]
}

/** How many questions whether a unit fits a search for an order may ask. */
export const SEQUENCE_BUDGET = 20_000

/**
 * Finds an order in which guests can go to given nodes, each counted at both ends while it is on its way. Goes through orders depth first where the obvious one
 * gets stuck, within a budget of steps. Leaves the board as it is after the moves.
 *
 * A step waits for all earlier departures from its node. That makes the order safe however many moves go on side by side: whatever has begun at a node, the
 * departures its latest arrival was planned after are over.
 */
export function sequenceMoves(board: MoveBoard, arrivals: readonly Arrival[], budget = SEQUENCE_BUDGET): Sequence {
  const order = orderOf(board, arrivals, budget)
  const departed = board.nodes.map((): number[] => [])
  const peak = board.nodes.map((_, node) => board.load(node))
  const steps = order.map((arrival): SequenceStep => {
    const {node, unit} = arrival
    const after = [...(departed[node] ?? [])].sort((a, b) => a - b)
    for (const {vmid} of unit.guests) departed[board.numberOf(board.whereIs(vmid) ?? '')]?.push(vmid)
    board.arrive(unit, node)
    peak[node] = Math.max(peak[node] ?? 0, board.load(node))
    board.settle(unit, node)
    return {...arrival, after}
  })
  return {steps, peak, stuck: arrivals.filter((arrival) => !order.includes(arrival))}
}

/** The obvious order, each as soon as its place is free; another one only where waiting for a departure could help what is left. Leaves the board as it was. */
function orderOf(board: MoveBoard, arrivals: readonly Arrival[], budget: number): readonly Arrival[] {
  const undo: (() => void)[] = []
  const order: Arrival[] = []
  for (let rest = arrivals, before = 0; rest.length > 0 && rest.length !== before;) {
    before = rest.length
    rest = rest.filter((arrival) => {
      if (!board.fits(arrival.unit, arrival.node)) return true
      undo.push(board.carry(arrival.unit, arrival.node))
      order.push(arrival)
      return false
    })
  }

  for (const back of undo.reverse()) back()
  const left = new Set(
    arrivals.flatMap(({unit}) => unit.guests.map(({vmid}) => board.numberOf(board.whereIs(vmid) ?? ''))),
  )
  const hopeful = arrivals.some((arrival) => !order.includes(arrival) && left.has(arrival.node))
  const other = hopeful ? longestOrder(board, arrivals, budget) : []
  return other.length > order.length ? other : order
}

function longestOrder(board: MoveBoard, arrivals: readonly Arrival[], budget: number): readonly Arrival[] {
  const end = board.steps + budget
  const tried = new Set<string>()
  let best: Arrival[] = []
  const done: Arrival[] = []
  const descend = (rest: readonly Arrival[]): boolean => {
    if (done.length > best.length) best = [...done]
    if (rest.length === 0) return true
    // What is left decides, not the order in which the others went.
    const state = rest.map(({unit}) => unit.guests[0]?.vmid).join()
    if (tried.has(state)) return false
    tried.add(state)
    for (const arrival of rest) {
      if (board.steps > end) return false
      if (!board.fits(arrival.unit, arrival.node)) continue
      const undo = board.carry(arrival.unit, arrival.node)
      done.push(arrival)
      const complete = descend(rest.filter((one) => one !== arrival))
      undo()
      if (complete) return true
      done.pop()
    }

    return false
  }
  descend(arrivals)
  return best
}
