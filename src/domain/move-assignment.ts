import type {MoveBoard, MoveUnit} from './move-board.js'

/** Which node each unit gets, by number. */
export interface Assignment {
  readonly places: ReadonlyMap<MoveUnit, number>
  /** Units that found no place beside the others. */
  readonly dropped: readonly MoveUnit[]
  /** Whether it is certain that no assignment places more units. */
  readonly exhaustive: boolean
}

/** How many questions whether a unit fits on a node a search may ask: well below a second. */
export const ASSIGNMENT_BUDGET = 1_500_000

/**
 * Finds a place for each unit at the same time: bin packing with constraints. Tries by score first, which leaves the cluster well balanced; where that leaves a
 * unit over, packs tightly; then searches exhaustively, within a budget of steps. The board is left as it was.
 * @param budget see `ASSIGNMENT_BUDGET`
 */
export function assignUnits(board: MoveBoard, units: readonly MoveUnit[], budget = ASSIGNMENT_BUDGET): Assignment {
  const order = [...units].sort(byDemand)
  let best: Draft | undefined
  for (const choose of [mostPoints, leastRoom]) {
    const draft = greedy(board, order, choose)
    if (best === undefined || draft.dropped.length < best.dropped.length) best = draft
    if (best.dropped.length === 0) return {...best, exhaustive: true}
  }

  const incumbent = best ?? {places: new Map<MoveUnit, number>(), dropped: []}
  const end = board.steps + budget
  for (let drops = fewestDrops(board, order); drops < incumbent.dropped.length; drops++) {
    const search = new Search(board, end)
    const found = search.find(order, drops)
    if (found !== undefined) return {...polished(board, found, order), exhaustive: !search.exhausted}
    if (search.exhausted) return {...incumbent, exhaustive: false}
  }

  return {...incumbent, exhaustive: true}
}

interface Draft {
  readonly places: Map<MoveUnit, number>
  readonly dropped: MoveUnit[]
}

type Choice = (board: MoveBoard, unit: MoveUnit, nodes: readonly number[]) => number | undefined

const firstVmid = ({guests}: MoveUnit): number => guests[0]?.vmid ?? 0

/** Largest first: what is small finds a gap later. */
function byDemand(a: MoveUnit, b: MoveUnit): number {
  return b.memoryBytes - a.memoryBytes || firstVmid(a) - firstVmid(b)
}

function fitting(board: MoveBoard, unit: MoveUnit): number[] {
  return [...board.nodes.keys()].filter((node) => board.fits(unit, node))
}

function mostPoints(board: MoveBoard, unit: MoveUnit, nodes: readonly number[]): number | undefined {
  return highest(nodes, (node) => board.score(unit, node).score)
}

function leastRoom(board: MoveBoard, _: MoveUnit, nodes: readonly number[]): number | undefined {
  return highest(nodes, (node) => -board.room(node))
}

/** The first of the best. */
function highest(nodes: readonly number[], value: (node: number) => number): number | undefined {
  let best: {node: number; value: number} | undefined
  for (const node of nodes) {
    const own = value(node)
    if (best === undefined || own > best.value) best = {node, value: own}
  }

  return best?.node
}

function greedy(board: MoveBoard, order: readonly MoveUnit[], choose: Choice): Draft {
  const places = new Map<MoveUnit, number>()
  const dropped: MoveUnit[] = []
  for (const unit of order) {
    const node = choose(board, unit, fitting(board, unit))
    if (node !== undefined) {
      board.arrive(unit, node)
      places.set(unit, node)
    } else if (!makeRoom(board, unit, places)) dropped.push(unit)
  }

  for (const [unit, node] of places) board.unarrive(unit, node)
  return {places, dropped}
}

/** Places a unit by moving another one, that has its place already, out of its way. */
function makeRoom(board: MoveBoard, unit: MoveUnit, places: Map<MoveUnit, number>): boolean {
  for (const [other, node] of places) {
    if (unit.out[node] !== undefined) continue
    board.unarrive(other, node)
    if (board.fits(unit, node)) {
      board.arrive(unit, node)
      const elsewhere = leastRoom(board, other, fitting(board, other))
      if (elsewhere !== undefined) {
        board.arrive(other, elsewhere)
        places.set(other, elsewhere)
        places.set(unit, node)
        return true
      }

      board.unarrive(unit, node)
    }

    board.arrive(other, node)
  }

  return false
}

/** How many units are too many for the memory of all nodes taken together. */
function fewestDrops(board: MoveBoard, order: readonly MoveUnit[]): number {
  const room = totalRoom(board)
  let need = order.reduce((sum, unit) => sum + unit.memoryBytes, 0)
  let drops = 0
  for (const unit of order) {
    if (need <= room) break
    need -= unit.memoryBytes
    drops++
  }

  return drops
}

function totalRoom(board: MoveBoard): number {
  return [...board.nodes.keys()].reduce((sum, node) => sum + Math.max(0, board.room(node)), 0)
}

/** Depth first, the unit with the fewest places left first. */
class Search {
  /** Whether the budget ended it, rather than the last possibility. */
  exhausted = false
  readonly #places = new Map<MoveUnit, number>()
  readonly #dropped: MoveUnit[] = []

  constructor(
    private readonly board: MoveBoard,
    private readonly end: number,
  ) {}

  find(units: readonly MoveUnit[], drops: number): Draft | undefined {
    const found = this.#descend(units, drops)
    const draft = found ? {places: new Map(this.#places), dropped: [...this.#dropped]} : undefined
    for (const [unit, node] of this.#places) this.board.unarrive(unit, node)
    return draft
  }

  #descend(rest: readonly MoveUnit[], drops: number): boolean {
    const {board} = this
    if (rest.length === 0) return true
    if (board.steps > this.end) {
      this.exhausted = true
      return false
    }

    // `rest` keeps its order: the largest come first, and those are dropped at best.
    const least = rest.slice(drops).reduce((sum, unit) => sum + unit.memoryBytes, 0)
    if (least > totalRoom(board)) return false
    let tightest: {unit: MoveUnit; nodes: readonly number[]} | undefined
    for (const unit of rest) {
      const nodes = fitting(board, unit)
      if (tightest === undefined || nodes.length < tightest.nodes.length) tightest = {unit, nodes}
      if (nodes.length === 0) break
    }

    const {nodes, unit} = tightest as {unit: MoveUnit; nodes: readonly number[]}
    const others = rest.filter((one) => one !== unit)
    for (const node of [...nodes].sort((a, b) => board.room(a) - board.room(b) || a - b)) {
      board.arrive(unit, node)
      this.#places.set(unit, node)
      if (this.#descend(others, drops)) return true
      board.unarrive(unit, node)
      this.#places.delete(unit)
      if (this.exhausted) return false
    }

    if (drops === 0) return false
    this.#dropped.push(unit)
    if (this.#descend(others, drops - 1)) return true
    this.#dropped.pop()
    return false
  }
}

/** Moves each unit to where it scores best, beside all the others: what was packed tightly to be sure of a place need not stay so tight. */
function polished(board: MoveBoard, {dropped, places}: Draft, order: readonly MoveUnit[]): Draft {
  for (const [unit, node] of places) board.arrive(unit, node)
  for (const unit of order) {
    const node = places.get(unit)
    if (node === undefined) continue
    board.unarrive(unit, node)
    const better = mostPoints(board, unit, fitting(board, unit)) ?? node
    board.arrive(unit, better)
    places.set(unit, better)
  }

  for (const [unit, node] of places) board.unarrive(unit, node)
  return {places, dropped}
}
