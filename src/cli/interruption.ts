import {failure, type Failure} from '../domain/failure.js'
import type {Runtime} from './runtime.js'

/** How long what is under way may take to end in order after the first Ctrl-C, in ms: time for a started task's UPID to arrive. */
const GRACE_MS = 2000

/** Services tell it which tasks run on the server, so that whoever stops waiting can say what goes on. */
export interface RunningTasks {
  started(upid: string): void
  ended(upid: string): void
}

/** Turns SIGINT, SIGTERM and a closed stdout into an AbortSignal, and knows what still runs on the server. */
export class Interruption implements RunningTasks {
  readonly #controller = new AbortController()
  readonly #running = new Set<string>()
  readonly #subscriptions: (() => void)[] = []
  #stopped: 'interrupted' | 'stdout-closed' | 'terminated' | undefined

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** What made the command stop, if anything did. */
  get stopped(): 'interrupted' | 'stdout-closed' | 'terminated' | undefined {
    return this.#stopped
  }

  started(upid: string): void {
    this.#running.add(upid)
  }

  ended(upid: string): void {
    this.#running.delete(upid)
  }

  get running(): readonly string[] {
    return [...this.#running]
  }

  /** Listens until `unwatch`. A second signal ends the process at once. */
  watch(runtime: Runtime): void {
    const onSignal = (kind: 'interrupted' | 'terminated', code: number) => (): void => {
      if (this.#stopped === 'interrupted' || this.#stopped === 'terminated') runtime.exit(code)
      else this.stop(kind)
    }
    this.#subscriptions.push(
      runtime.onSignal('SIGINT', onSignal('interrupted', 130)),
      runtime.onSignal('SIGTERM', onSignal('terminated', 143)),
      runtime.onStdoutClosed(() => this.stop('stdout-closed')),
    )
  }

  unwatch(): void {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe()
  }

  stop(kind: 'interrupted' | 'stdout-closed' | 'terminated'): void {
    if (this.#stopped) return
    this.#stopped = kind
    this.#controller.abort(failure(kind === 'terminated' ? 'terminated' : 'interrupted', kind))
  }

  /** Waits for the work; once the command was told to stop, not longer than the grace time. */
  async orStopped<T>(work: Promise<T>): Promise<T | 'grace-over'> {
    let timer: NodeJS.Timeout | undefined
    const graceOver = new Promise<'grace-over'>((resolve) => {
      const start = (): void => {
        timer = setTimeout(() => resolve('grace-over'), GRACE_MS)
      }

      this.signal.addEventListener('abort', start, {once: true})
    })
    try {
      return await Promise.race([work, graceOver])
    } finally {
      clearTimeout(timer)
    }
  }

  /** The failure to report instead of what the abort made of the work under way; a service that was interrupted knows more than we do. */
  asFailure(cause?: Failure): Failure {
    const upids = [...new Set([...(cause?.upid === undefined ? [] : [cause.upid]), ...this.#running])]
    const kind = this.#stopped === 'terminated' ? 'terminated' : 'interrupted'
    if (cause?.kind === 'interrupted' || cause?.kind === 'terminated') return withRunning({...cause, kind}, upids)
    return withRunning(failure(kind, upids.length === 0 ? kind : `${kind}; the task goes on`), upids)
  }

  /** The same failure, naming what still runs: for waits that ran out of time. */
  withRunning(cause: Failure): Failure {
    if (cause.kind !== 'timeout' && cause.kind !== 'interrupted' && cause.kind !== 'terminated') return cause
    return withRunning(cause, [...new Set([...(cause.upid === undefined ? [] : [cause.upid]), ...this.#running])])
  }
}

function withRunning(cause: Failure, upids: readonly string[]): Failure {
  const [first, ...others] = upids
  if (first === undefined) return cause
  return {
    ...cause,
    upid: first,
    hint: cause.hint ?? `pick it up again with: homelab proxmox task wait ${upids.join(' ')}`,
    ...(others.length > 0 ? {details: {...cause.details, running: upids}} : {}),
  }
}
