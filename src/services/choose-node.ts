import {err, ok, type Result} from 'neverthrow'

import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import type {NodeCandidate, Placement} from '../domain/placement.js'
import {closest} from '../domain/suggest.js'

/**
 * The best node, or the one that was named.
 * @param guest what has to find a node, for the message
 * @returns `not-found` for an unknown node; `node-offline`, `no-capacity` or `refused` when none, or not that one, can take the guest
 */
export function chooseNode<C extends NodeCandidate>(
  placement: Placement<C>,
  named: string | undefined,
  guest: string,
  resources: ClusterResources,
): Result<{placement: Placement<C>; candidate: C}, Failure> {
  if (named === undefined) {
    const [best] = placement.candidates
    return best === undefined ? err(nowhere(guest, placement)) : ok({placement, candidate: best})
  }

  const able = placement.candidates.find((candidate) => candidate.node === named)
  if (able !== undefined) return ok({placement, candidate: able})
  const rejection = placement.rejected.find(({node}) => node === named)
  if (rejection === undefined) {
    const names = resources.nodes.map(({node}) => node)
    const near = closest(named, names)
    return err(
      failure('not-found', `there is no node "${named}"`, {
        hint:
          near === undefined
            ? `The nodes are: ${names.join(', ')}`
            : `Did you mean "${near}"? The nodes are: ${names.join(', ')}`,
        details: {node: named, nodes: names},
      }),
    )
  }

  const offline = resources.nodes.find(({node}) => node === named)?.status !== 'online'
  return err(
    failure(
      offline ? 'node-offline' : / of memory free/.test(rejection.reason) ? 'no-capacity' : 'refused',
      `node ${named} cannot take "${guest}": ${rejection.reason}`,
      {
        hint: 'Leave --node out to have the best node picked, or see: homelab proxmox node list',
        details: {node: named, reason: rejection.reason},
      },
    ),
  )
}

function nowhere(guest: string, placement: Placement<NodeCandidate>): Failure {
  const full = placement.rejected.some(({reason}) => / of memory free/.test(reason))
  return failure(
    full ? 'no-capacity' : 'refused',
    `no node can take "${guest}": ${placement.rejected.map(({node, reason}) => `${node}: ${reason}`).join('; ')}`,
    {
      hint: full ? 'Ask for less with --memory, or free some memory' : 'See: homelab proxmox node list',
      details: {rejected: placement.rejected},
    },
  )
}
