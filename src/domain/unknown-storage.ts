import {failure, type Failure} from './failure.js'
import {naturalOrder} from './natural-order.js'
import type {NodeStorage} from './storage.js'
import {closest} from './suggest.js'

/** Who names a storage: the command line or a file, or the configuration. */
export type StorageNamedBy = 'configuration' | 'request'

/**
 * A name that no storage of the cluster has, on whatever node. The list leaves out what is disabled and what the login may not see.
 * @returns `not-found`; undefined for a storage that some node has
 */
export function unknownStorage(
  storage: string,
  storages: readonly NodeStorage[],
  by: StorageNamedBy = 'request',
): Failure | undefined {
  const names = [...new Set(storages.map((one) => one.storage))].sort((a, b) => naturalOrder(a, b))
  if (names.includes(storage)) return undefined
  const near = closest(storage, names)
  const why = `there is no storage "${storage}", or it is disabled, or this login may not see it`
  return failure('not-found', by === 'request' ? why : `${why}; the configuration names it as the default`, {
    hint: [
      ...(near === undefined ? [] : [`Did you mean "${near}"?`]),
      ...(names.length === 0 ? [] : [`The storages are: ${names.join(', ')}.`]),
      by === 'request'
        ? 'See: homelab proxmox storage list'
        : 'Name another one with --storage, or correct the configuration: homelab config show',
    ].join(' '),
    details: {reason: 'storage-unknown', storage, namedBy: by},
  })
}
