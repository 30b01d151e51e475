import type {Result} from 'neverthrow'
import type {Clock} from '../domain/clock.js'
import {failure, type Failure} from '../domain/failure.js'

/** Time and chance, handed in so that tests decide them. */
export interface Timing extends Clock {
  /** Uniform in [0, 1). */
  random(): number
}

/** What a long operation is doing now. */
export interface Step {
  readonly text: string
  /** 0..1; absent when the server tells none. */
  readonly fraction?: number
}

/** How long, how often and for whom an operation waits. */
export interface Patience {
  /** The moment to give up waiting, in ms since 1970; the server's task goes on. */
  readonly deadline: number
  /** A fixed interval instead of the adaptive one. */
  readonly pollIntervalMs?: number
  /** Ctrl-C: stops waiting, not the task. */
  readonly signal?: AbortSignal
  readonly onStep?: (step: Step) => void
  /** Called with the UPID of each task that is waited for, and with undefined once it has ended: what is still running when we are killed. */
  readonly onTask?: (upid: string | undefined) => void
  /** Called after each question of a wait: with why it was not answered, or with undefined. `wait` tells waits apart. */
  readonly onAnswer?: (wait: string, lost: Failure | undefined) => void
}

/** Tells whoever waits whether the server was reached; what else a failure says is not about the way to it. */
export function tellAnswer(patience: Patience, wait: string, answer: Result<unknown, Failure>): void {
  if (patience.signal?.aborted === true) return
  patience.onAnswer?.(wait, answer.isErr() && answer.error.kind === 'unreachable' ? answer.error : undefined)
}

/** Undefined while there is time left. */
export function impatience(patience: Patience, clock: Clock, what: string, upid?: string): Failure | undefined {
  const extras =
    upid === undefined ? {} : {upid, hint: `The task goes on; pick it up with: homelab proxmox task wait ${upid}`}
  if (patience.signal?.aborted === true) return failure('interrupted', `interrupted while waiting for ${what}`, extras)
  if (clock.now() >= patience.deadline) return failure('timeout', `waited long enough for ${what}`, extras)
  return undefined
}
