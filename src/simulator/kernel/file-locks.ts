import {PveError} from './pve-error.js'

import type {Clock, Timer} from './clock.js'
import type {Task} from './tasks.js'

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

export interface FileLockOptions {
  /** Shared with others who read only. */
  readonly shared?: boolean
  /** Seconds to wait for others; default 10. */
  readonly timeout?: number
  /** The task that waits: its log says so, and it can be stopped meanwhile. Absent: a call waits. */
  readonly task?: Task
}

const DEFAULT_SECONDS = 10

/**
 * The locks processes hold on files of their nodes, e.g. on a guest's configuration (reference 2.9). They die with the processes, so they live in memory.
 */
export class FileLocks {
  private readonly locks = new Map<string, LockState>()

  constructor(private readonly clock: Clock) {}

  /** Forgets every lock: nobody who held one exists any more. */
  clear(): void {
    this.locks.clear()
  }

  /**
   * Runs `body` while holding the lock of a file. First come, first served.
   * @param machine the node and its boot: one that boots anew knows nothing of the locks it had
   * @throws PveError 500 `can't lock file '/var/lock/…' - got timeout`
   */
  async hold<T>(machine: string, path: string, options: FileLockOptions, body: () => Promise<T> | T): Promise<T> {
    const {shared = false, task} = options
    const key = `${machine} ${path}`
    let state = this.locks.get(key)
    if (!state) this.locks.set(key, (state = {holders: 0, shared: false, queue: []}))
    if (mayEnter(state, shared, state.queue.length > 0)) {
      enter(state, shared)
    } else {
      task?.log('trying to acquire lock...')
      await this.wait(state, path, options)
      task?.log(' OK')
    }

    try {
      return await body()
    } finally {
      state.holders--
      for (let next = state.queue[0]; next && mayEnter(state, next.shared, false); next = state.queue[0]) {
        enter(state, next.shared)
        next.grant()
      }

      if (state.holders === 0 && this.locks.get(key) === state) this.locks.delete(key)
    }
  }

  private wait(
    state: LockState,
    path: string,
    {shared = false, timeout = DEFAULT_SECONDS, task}: FileLockOptions,
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
      const giveUp = (reason: unknown): void => {
        leave()
        reject(reason as Error)
      }

      const abort = (): void => giveUp(task!.signal.reason)
      const timer: Timer = this.clock.after(
        timeout,
        () => giveUp(new PveError(500, `can't lock file '${path}' - got timeout`)),
        {wait: 'patience'},
      )
      if (task?.signal.aborted) abort()
      else {
        task?.signal.addEventListener('abort', abort, {once: true})
        state.queue.push(waiter)
      }
    })
  }
}

function mayEnter(state: LockState, shared: boolean, othersWait: boolean): boolean {
  return state.holders === 0 || (shared && state.shared && !othersWait)
}

function enter(state: LockState, shared: boolean): void {
  state.holders++
  state.shared = shared
}
