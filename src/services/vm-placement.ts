import type {Result} from 'neverthrow'

import type {ClusterResources} from '../domain/cluster.js'
import type {Failure} from '../domain/failure.js'
import type {Guest} from '../domain/guest.js'
import {placeClone, type Candidate, type Placement} from '../domain/placement.js'
import {chooseNode} from './choose-node.js'
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
  return chooseNode(placement, request.node, request.name, resources)
}
