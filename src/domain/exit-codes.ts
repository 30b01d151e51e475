import {EXIT_CODES, type FailureKind} from './failure.js'

export interface ExitCodeMeaning {
  readonly code: number
  readonly meaning: string
  /** The `error.code` values that end with this exit code. */
  readonly kinds: readonly FailureKind[]
}

const MEANINGS: readonly (readonly [number, string])[] = [
  [0, 'done, or nothing to do'],
  [1, 'failed unexpectedly; for diff: there are differences'],
  [2, 'usage: unknown command or flag, bad value, missing answer without a terminal'],
  [3, 'unreachable: network, TLS (a changed certificate too), no endpoint answers'],
  [4, 'authentication or permission'],
  [5, 'not found'],
  [6, 'conflict: exists already, ambiguous name, locked, digest changed meanwhile'],
  [7, "the server's task failed"],
  [8, 'refused by a safety check (quorum, capacity, protection), or warnings under --warnings-as-errors'],
  [9, 'partial: some of several targets failed'],
  [10, 'a check is false (verify, check, wait --for that can no longer come true)'],
  [11, 'rolled back: the change failed and the old state is back'],
  [12, 'needs hands: outcome unknown, or rollback failed'],
  [78, 'configuration invalid'],
  [124, 'waited long enough; the task goes on, its UPID is printed'],
  [130, 'interrupted (Ctrl-C); what still runs is printed'],
  [143, 'terminated (SIGTERM); what still runs is printed'],
]

/** The exit code table of the command-line contract, in order. */
export function exitCodeTable(): ExitCodeMeaning[] {
  const kinds = Object.entries(EXIT_CODES) as [FailureKind, number][]
  return MEANINGS.map(([code, meaning]) => ({
    code,
    meaning,
    kinds: kinds.filter(([, exitCode]) => exitCode === code).map(([kind]) => kind),
  }))
}
