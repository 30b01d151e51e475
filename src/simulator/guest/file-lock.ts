import {PveError} from '../kernel/pve-error.js'

import type {Timer} from '../kernel/clock.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'
import type {GuestType} from './guests.js'

interface Waiter {
  readonly shared: boolean
  readonly grant: () => void
}

interface LockState {
  /** How many hold it; several only when it is shared. */
  holders: number
  shared: boolean
  readonly queue: Waiter[]
}

/** Locks of files die with the processes that hold them: they live in memory, per world. */
const LOCKS = new WeakMap<World, Map<string, LockState>>()

function lockPath(type: GuestType, vmid: number): string {
  return type === 'lxc' ? `/run/lock/lxc/pve-config-${vmid}.lock` : `/var/lock/qemu-server/lock-${vmid}.conf`
}

export interface FileLockOptions {
  /** Shared with others who read only. */
  readonly shared?: boolean
  /** Seconds to wait for others. */
  readonly timeout?: number
  /** The task that waits: its log says so, and it can be stopped meanwhile. Absent: a call waits. */
  readonly task?: Task
}

/**
 * Runs `body` while holding the lock of a guest's configuration file (reference 2.9). Waiting takes its turn: first come, first served.
 * @throws PveError 500 `can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout`
 */
export async function withConfigLock<T>(
  world: World,
  where: {readonly type?: GuestType; readonly node: string; readonly vmid: number},
  {shared = false, timeout = 10, task}: FileLockOptions,
  body: () => Promise<T> | T,
): Promise<T> {
  const path = lockPath(where.type ?? 'qemu', where.vmid)
  const locks = locksOf(world)
  // a node that boots anew knows nothing of the locks it had
  const key = `${world.meta.authKey} ${where.node} ${world.node(where.node).bootedAt} ${path}`
  let state = locks.get(key)
  if (!state) locks.set(key, (state = {holders: 0, shared: false, queue: []}))
  if (!mayEnter(state, shared)) {
    task?.log('trying to acquire lock...')
    await wait(world, state, {shared, timeout, path, task})
    task?.log(' OK')
  } else {
    enter(state, shared)
  }

  try {
    return await body()
  } finally {
    state.holders--
    while (state.queue.length > 0 && mayEnter(state, state.queue[0]!.shared, true)) {
      const next = state.queue.shift()!
      enter(state, next.shared)
      next.grant()
    }

    if (state.holders === 0) locks.delete(key)
  }
}

function locksOf(world: World): Map<string, LockState> {
  let locks = LOCKS.get(world)
  if (!locks) LOCKS.set(world, (locks = new Map()))
  return locks
}

function mayEnter(state: LockState, shared: boolean, fromQueue = false): boolean {
  if (state.holders === 0) return true
  return shared && state.shared && (fromQueue || state.queue.length === 0)
}

function enter(state: LockState, shared: boolean): void {
  state.holders++
  state.shared = shared
}

function wait(
  world: World,
  state: LockState,
  {shared, timeout, path, task}: {shared: boolean; timeout: number; path: string; task: Task | undefined},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      timer.cancel()
      task?.signal.removeEventListener('abort', abort)
      const index = state.queue.indexOf(waiter)
      if (index !== -1) state.queue.splice(index, 1)
    }

    const waiter: Waiter = {
      shared,
      grant() {
        leave()
        resolve()
      },
    }
    const abort = (): void => {
      leave()
      reject(task!.signal.reason as Error)
    }

    const timer: Timer = world.clock.after(
      timeout,
      () => {
        leave()
        reject(new PveError(500, `can't lock file '${path}' - got timeout`))
      },
      {wait: 'patience'},
    )
    if (task?.signal.aborted) return abort()
    task?.signal.addEventListener('abort', abort, {once: true})
    state.queue.push(waiter)
  })
}
