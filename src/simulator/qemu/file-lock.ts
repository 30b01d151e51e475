import type {FileLockOptions} from '../kernel/file-locks.js'
import type {World} from '../kernel/world.js'

/**
 * Runs `body` while holding the lock of a VM's configuration file (reference 2.9).
 * @throws PveError 500 `can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout`
 */
export function withConfigLock<T>(
  world: World,
  {node, vmid}: {readonly node: string; readonly vmid: number},
  options: FileLockOptions,
  body: () => Promise<T> | T,
): Promise<T> {
  const machine = `${node} ${world.node(node).bootedAt}`
  return world.fileLocks.hold(machine, `/var/lock/qemu-server/lock-${vmid}.conf`, options, body)
}
