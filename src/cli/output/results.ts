import {exitCodeOf, EXIT_CODES, type Failure} from '../../domain/failure.js'
import type {TargetResult} from '../../services/fan-out.js'
import {failureDocument} from './report.js'

/** The contract's answer to a command on several targets. */
export interface Results<T> {
  readonly results: readonly (
    | ({readonly target: string; readonly ok: true} & T)
    | {readonly target: string; readonly ok: false; readonly error: Record<string, unknown>}
  )[]
  readonly summary: {readonly ok: number; readonly failed: number; readonly skipped?: number}
}

/** @param asked how many targets there were; those that were never begun count as skipped */
export function resultsOf<T extends object>(done: readonly TargetResult<T>[], asked: number): Results<T> {
  const failed = done.filter((result) => !result.ok).length
  return {
    results: done.map((result) =>
      result.ok
        ? {target: result.target, ok: true, ...result.value}
        : {target: result.target, ok: false, ...failureDocument(result.error)},
    ),
    summary: {ok: done.length - failed, failed, ...(asked > done.length && {skipped: asked - done.length})},
  }
}

/** What went wrong with one of several, for people; where a task is behind it, how to pick that up or read its log. */
export function failedText({error, target}: {readonly error: Failure; readonly target: string}): string {
  const line = `${target}: ${error.message}`
  return error.upid === undefined ? line : `${line}\n  ${error.hint ?? `task: ${error.upid}`}`
}

/** 0 when all went well, 9 when some did, and when all failed the code they share, or 9. */
export function exitCodeOfResults(done: readonly TargetResult<unknown>[], asked: number): number {
  const failures = done.flatMap((result): Failure[] => (result.ok ? [] : [result.error]))
  if (failures.length === 0) return 0
  const codes = new Set(failures.map((failed) => exitCodeOf(failed)))
  const [only] = codes
  return failures.length === asked && codes.size === 1 && only !== undefined ? only : EXIT_CODES.partial
}
