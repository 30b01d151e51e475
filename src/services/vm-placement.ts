import {err, ok, type Result} from 'neverthrow'

import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import type {Guest} from '../domain/guest.js'
import {placeClone, type Candidate, type Placement} from '../domain/placement.js'
import {closest} from '../domain/suggest.js'
import {effective, type VmCreateRequest} from './vm-create-request.js'

/** A request that has found its template and its node. */
export interface Prepared {
  readonly request: VmCreateRequest
  readonly resources: ClusterResources
  readonly copies: readonly Guest[]
  readonly warnings: readonly string[]
}

/** The node for a VM: the one that was named, or the best; `refused` are those that the server has turned down already. */
export function place(
  prepared: Prepared,
  refused: ReadonlyMap<string, string>,
): Result<{placement: Placement; candidate: Candidate}, Failure> {
  const {request, resources, copies} = prepared
  const placement = placeClone(
    {
      copies,
      memoryBytes: request.memoryBytes ?? request.defaults.memoryBytes ?? copies[0]?.memoryBytes,
      // A linked clone lives where its template does: a default storage cannot apply to it.
      storageOn: (node) => (request.linked ? undefined : effective(request, node).storage),
      refused,
    },
    resources,
  )
  if (request.node === undefined) {
    const [best] = placement.candidates
    return best === undefined ? err(nowhere(request, placement)) : ok({placement, candidate: best})
  }

  const named = placement.candidates.find((candidate) => candidate.node === request.node)
  if (named !== undefined) return ok({placement, candidate: named})
  const rejection = placement.rejected.find(({node}) => node === request.node)
  if (rejection === undefined) {
    const names = resources.nodes.map(({node}) => node)
    const near = closest(request.node, names)
    return err(
      failure('not-found', `there is no node "${request.node}"`, {
        hint:
          near === undefined
            ? `The nodes are: ${names.join(', ')}`
            : `Did you mean "${near}"? The nodes are: ${names.join(', ')}`,
        details: {node: request.node, nodes: names},
      }),
    )
  }

  const offline = resources.nodes.find(({node}) => node === request.node)?.status !== 'online'
  return err(
    failure(
      offline ? 'node-offline' : / of memory free/.test(rejection.reason) ? 'no-capacity' : 'refused',
      `node ${request.node} cannot take "${request.name}": ${rejection.reason}`,
      {
        hint: 'Leave --node out to have the best node picked, or see: homelab proxmox node list',
        details: {node: request.node, reason: rejection.reason},
      },
    ),
  )
}

function nowhere(request: VmCreateRequest, placement: Placement): Failure {
  const full = placement.rejected.some(({reason}) => / of memory free/.test(reason))
  return failure(
    full ? 'no-capacity' : 'refused',
    `no node can take "${request.name}": ${placement.rejected.map(({node, reason}) => `${node}: ${reason}`).join('; ')}`,
    {
      hint: full ? 'Ask for less with --memory, or free some memory' : 'See: homelab proxmox node list',
      details: {rejected: placement.rejected},
    },
  )
}
