import {err, ok, type Result} from 'neverthrow'

import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure, type FailureKind} from '../domain/failure.js'
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

  const known = checkNode(named, guest, resources)
  if (known.isErr()) return err(known.error)
  const able = placement.candidates.find((candidate) => candidate.node === named)
  if (able !== undefined) return ok({placement, candidate: able})
  const {lacks, reason} = placement.rejected.find(({node}) => node === named) ?? {reason: 'it is out of the question'}
  return err(cannotTake(lacks === undefined ? 'refused' : 'no-capacity', named, guest, reason))
}

/**
 * Refuses a node that is not there (`not-found`), or not up (`node-offline`).
 * @param guest what it was to take; undefined: nothing, it was to be asked
 */
export function checkNode(
  named: string,
  guest: string | undefined,
  {nodes}: Pick<ClusterResources, 'nodes'>,
): Result<void, Failure> {
  const found = nodes.find(({node}) => node === named)
  if (found?.status === 'online') return ok(undefined)
  if (found !== undefined) {
    const reason = found.status === 'offline' ? 'offline' : 'reports no figures yet'
    return err(
      guest === undefined
        ? failure('node-offline', `node ${named} cannot be asked: ${reason}`, {
            hint: 'See: homelab proxmox node list',
            details: {node: named, reason},
          })
        : cannotTake('node-offline', named, guest, reason),
    )
  }

  const names = nodes.map(({node}) => node)
  const near = closest(named, names)
  return err(
    failure('not-found', `there is no node "${named}"`, {
      hint: `${near === undefined ? '' : `Did you mean "${near}"? `}The nodes are: ${names.join(', ')}`,
      details: {node: named, nodes: names},
    }),
  )
}

function cannotTake(kind: FailureKind, node: string, guest: string, reason: string): Failure {
  return failure(kind, `node ${node} cannot take "${guest}": ${reason}`, {
    hint: 'Name no node to have the best one picked, or see: homelab proxmox node list',
    details: {node, reason},
  })
}

const HINTS = {
  memory: 'Ask for less memory, free some, or let guests take more of it: --memory-ceiling PERCENT',
  vmids: 'Name one with --vmid, or make the range in the configuration (vmids) larger',
} as const

function nowhere(guest: string, {rejected}: Placement<NodeCandidate>): Failure {
  const lacks = rejected.find((one) => one.lacks !== undefined)?.lacks
  return failure(
    lacks === undefined ? 'refused' : 'no-capacity',
    `no node can take "${guest}": ${rejected.map(({node, reason}) => `${node}: ${reason}`).join('; ')}`,
    {
      hint: lacks === undefined ? 'See: homelab proxmox node list' : HINTS[lacks],
      details: {rejected},
    },
  )
}
