import {die} from '../kernel/pve-error.js'
import {underLock} from './sections.js'

import type {Call} from '../kernel/call.js'

/** How long a node without quorum tries to get a lock of the cluster (cluster facts, "Quorum loss"). */
const LOCK_SECONDS = 9

/**
 * Changes a file of the cluster under its lock.
 * @param lock e.g. `file-storage_cfg`, `firewall-cluster`
 * @param prefix what failed, in front of the text (`create user failed`); absent: errors pass as they are
 * @throws PveError 500 `cfs-lock '…' error: no quorum!` after 9 s on a node without quorum
 */
export function withClusterLock<T>(call: Call, lock: string, change: () => T, prefix?: string): Promise<T> | T {
  const guarded = (action: () => T): T => (prefix === undefined ? action() : underLock(prefix, action))
  if (call.world.isQuorate(call.node)) return guarded(change)
  return call.world.clock
    .sleep(LOCK_SECONDS, {lasting: true})
    .then(() => guarded(() => die(`cfs-lock '${lock}' error: no quorum!`)))
}
