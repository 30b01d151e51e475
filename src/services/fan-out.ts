import type {Result} from 'neverthrow'
import type {Failure} from '../domain/failure.js'

/** What became of one of several targets. */
export type TargetResult<T> = {readonly target: string} & (
  {readonly ok: false; readonly error: Failure} | {readonly ok: true; readonly value: T}
)

export interface FanOut {
  /** How many at a time, at least 1. */
  readonly parallel: number
  /** Begin nothing more after the first failure; what was not begun is missing from the results. */
  readonly failFast: boolean
  readonly signal?: AbortSignal
}

/** Does the same to several targets, a few at a time; the results are in the order of the targets. */
export async function fanOut<I, T>(
  targets: readonly I[],
  nameOf: (target: I) => string,
  act: (target: I) => PromiseLike<Result<T, Failure>>,
  {parallel, failFast, signal}: FanOut,
): Promise<TargetResult<T>[]> {
  const results: (TargetResult<T> | undefined)[] = targets.map(() => undefined)
  let next = 0
  let failed = false
  const worker = async (): Promise<void> => {
    while (next < targets.length && !(failFast && failed) && signal?.aborted !== true) {
      const index = next++
      const target = targets[index] as I
      const result = await act(target)
      if (result.isErr()) failed = true
      results[index] = result.isOk()
        ? {target: nameOf(target), ok: true, value: result.value}
        : {target: nameOf(target), ok: false, error: result.error}
    }
  }
  await Promise.all(Array.from({length: Math.min(parallel, targets.length)}, worker))
  return results.filter((result) => result !== undefined)
}
