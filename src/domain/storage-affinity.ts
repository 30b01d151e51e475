import {naturalOrder} from './natural-order.js'
import {formatSize} from './size.js'
import type {NodeStorage} from './storage.js'

/**
 * A storage for whoever has to choose one: `nas (3.1 TiB free, shared by pve1, pve2)`, `local-lvm (780 GiB free, local to pve1)`.
 * @param all the storages of the cluster, one entry for each node that has it; of those that are not told of, it cannot tell who shares it
 * @param says `content` to tell what may lie there, too
 */
export function describeStorage(
  one: NodeStorage,
  all: readonly NodeStorage[],
  {content = false}: {readonly content?: boolean} = {},
): string {
  const facts = [
    one.totalBytes === undefined || one.usedBytes === undefined
      ? undefined
      : `${formatSize(Math.max(0, one.totalBytes - one.usedBytes))} free`,
    whereabouts(one, all),
    content ? one.content.join(' ') : undefined,
  ].filter((fact) => fact !== undefined && fact !== '')
  return `${one.storage} (${facts.join(', ')})`
}

/** Which nodes see the same there: `shared by pve1, pve2`, `local to pve1`; `shared` where only one is known. */
function whereabouts(one: NodeStorage, all: readonly NodeStorage[]): string {
  if (!one.shared) return `local to ${one.node}`
  const same = new Set([one.node, ...all.filter(({storage}) => storage === one.storage).map(({node}) => node)])
  return same.size === 1 ? 'shared' : `shared by ${[...same].sort(naturalOrder).join(', ')}`
}
