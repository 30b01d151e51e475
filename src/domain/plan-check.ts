import type {ClusterResources} from './cluster.js'
import {guestLabel} from './guest.js'
import type {PlacementPolicy} from './guest-reach.js'
import {MoveBoard} from './move-board.js'
import {memoryLoad, type PlacementFacts} from './placement-facts.js'
import {formatSize} from './size.js'

interface KnownMove {
  readonly vmid: number
  readonly to: string
  readonly with?: readonly number[]
}

/**
 * Why a plan that was made earlier cannot be carried out as things stand, a sentence for each guest; empty where it can. Guests that are where they are to go are
 * no obstacle; the others may all be under way at once.
 * @param leaving the node that is to be empty
 */
export function planObstacles(
  facts: PlacementFacts,
  leaving: string,
  moves: readonly KnownMove[],
  policy: PlacementPolicy,
): string[] {
  const board = new MoveBoard(facts, policy, new Set([leaving]))
  const known = new Map(facts.guests.map((guest) => [guest.vmid, guest]))
  const seen = new Set<number>()
  return moves.flatMap((move) => {
    if (seen.has(move.vmid)) return []
    const guests = [move.vmid, ...(move.with ?? [])].flatMap((vmid) => {
      const guest = known.get(vmid)
      return guest === undefined || guest.node === move.to || seen.has(vmid) ? [] : [guest]
    })
    for (const {vmid} of guests) seen.add(vmid)
    if (guests.length === 0) return []
    const names = guests.map((guest) => guestLabel(guest)).join(', ')
    const node = board.numberOf(move.to)
    if (node < 0) return [`${names}: there is no node ${move.to}`]
    const unit = board.unit(guests)
    const anchor = board.anchor(unit)
    const obstacle = anchor ?? board.obstacle(unit, node)
    if (obstacle !== undefined) return [`${names}: ${anchor === undefined ? `${move.to}: ` : ''}${obstacle}`]
    board.arrive(unit, node)
    return []
  })
}

/**
 * Why a node has no memory for one more guest at this moment; undefined where it has.
 * @param coming bytes of guests that are on their way there
 */
export function memoryObstacle(
  {guests, nodes}: Pick<ClusterResources, 'guests' | 'nodes'>,
  node: string,
  bytes: number,
  coming: number,
  {memoryCeiling}: PlacementPolicy,
): string | undefined {
  if (bytes === 0) return undefined
  const there = nodes.find((one) => one.node === node)
  if (there?.memoryBytes === undefined || there.memoryUsedBytes === undefined)
    return `nobody knows the memory of ${node}`
  const left = there.memoryBytes * memoryCeiling - memoryLoad(there, guests) - coming
  return left >= bytes
    ? undefined
    : `${node}: ${formatSize(Math.max(0, left))} of memory left below ${Math.round(memoryCeiling * 100)}%, ${formatSize(bytes)} needed`
}
