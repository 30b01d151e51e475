import type {StorageOutcome} from '../services/storage-change-service.js'
import type {StorageOnNode} from '../services/storage-service.js'

/** Nodes that should have a storage and do not, a sentence each. */
export function complaints({states, storage}: Pick<StorageOutcome, 'states' | 'storage'>): string[] {
  return states
    .filter(({state}: StorageOnNode) => state !== 'active' && state !== 'disabled')
    .map(
      ({error, node, state}) => `storage "${storage}" is ${state} on ${node}${error === undefined ? '' : `: ${error}`}`,
    )
}
