import {die} from '../kernel/pve-error.js'
import {isShared} from '../views/node-figures.js'

import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

/** A cluster-wide lock is tried so often, once a second, until quorum is given up on (cluster facts, "Quorum loss"). */
const ATTEMPTS = 9

/**
 * What a change to a shared storage waits for first: the cluster's lock, which nobody gets without quorum. Storages of one node need none.
 * @throws PveError 500 `cfs-lock 'storage-x' error: no quorum!`
 */
export async function awaitStorageLock(world: World, task: Task, storageId: string): Promise<void> {
  const storage = world.store.of('storages').get(storageId)
  if (!storage || !isShared(storage)) return
  for (let attempt = 0; !world.isQuorate(task.node); attempt++) {
    if (attempt === ATTEMPTS) die(`cfs-lock 'storage-${storageId}' error: no quorum!`)
    task.log(`trying to acquire cfs lock 'storage-${storageId}' ...`)
    await task.sleep(1)
  }
}
