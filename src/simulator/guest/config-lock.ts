import type {FileLockOptions} from '../kernel/file-locks.js'
import type {World} from '../kernel/world.js'
import type {GuestType} from './guests.js'

function lockPath(type: GuestType, vmid: number): string {
  return type === 'lxc' ? `/run/lock/lxc/pve-config-${vmid}.lock` : `/var/lock/qemu-server/lock-${vmid}.conf`
}

/**
 * Runs `body` while holding the lock of a guest's configuration file (reference 2.9). Waiting takes its turn: first come, first served.
 * @throws PveError 500 `can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout`
 */
export function withConfigLock<T>(
  world: World,
  {type = 'qemu', node, vmid}: {readonly type?: GuestType; readonly node: string; readonly vmid: number},
  options: FileLockOptions,
  body: () => Promise<T> | T,
): Promise<T> {
  // a node that boots anew knows nothing of the locks it had
  return world.fileLocks.hold(`${node} ${world.node(node).bootedAt}`, lockPath(type, vmid), options, body)
}
