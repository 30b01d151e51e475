import type {PlacementPolicy} from './guest-reach.js'
import {MoveBoard} from './move-board.js'
import {groupOf} from './move-groups.js'
import {nodeObstacle} from './node.js'
import {bestFirst, type NodeCandidate, type Placement, type Rejection} from './placement.js'
import type {PlacementFacts, PlacementGuest} from './placement-facts.js'

/**
 * Where a guest that is there could be: every node with what speaks for it, or why it is out. The node it is on is a candidate like the others, unless that
 * takes no guests. Guests that HA ties to it would come along.
 */
export function explainGuest(
  facts: PlacementFacts,
  guest: PlacementGuest,
  policy: PlacementPolicy,
): Placement<NodeCandidate> {
  const board = new MoveBoard(facts, policy)
  const group = groupOf(guest, facts)
  const unit = board.unit(
    group.filter(({node}) => node === guest.node),
    group.filter(({node}) => node !== guest.node),
  )
  const anchor = board.anchor(unit)
  const candidates: NodeCandidate[] = []
  const rejected: Rejection[] = []
  for (const [number, node] of board.nodes.entries()) {
    const here = node === guest.node
    const there = board.index.node(node)
    const off = there === undefined ? undefined : nodeObstacle(there)
    const reason = here ? unit.out[number] : (off ?? anchor ?? board.obstacle(unit, number))
    if (reason !== undefined) {
      rejected.push({
        node,
        reason,
        ...(!here && off === undefined && anchor === undefined && board.lacksMemory(unit, number) && {lacks: 'memory'}),
      })
      continue
    }

    const memory = board.memoryOf(number)
    candidates.push({
      node,
      ...(memory !== undefined && {
        freeMemoryAfterBytes: memory - board.load(number) - (here ? 0 : unit.memoryBytes),
      }),
      guestCount: facts.guests.filter((one) => one.node === node && !one.template).length,
      ...board.score(unit, number),
    })
  }

  return {candidates: bestFirst(candidates), rejected}
}
