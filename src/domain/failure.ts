/**
 * Everything that can go wrong, as one union. `kind` alone decides the exit code (`EXIT_CODES`) and is the `error.code` of the JSON contract,
 * so a kind that has shipped keeps its name and its exit code.
 */
export type FailureKind = keyof typeof EXIT_CODES

export interface Failure {
  readonly kind: FailureKind
  /** What failed, and on what. One sentence, no secrets. */
  readonly message: string
  /** What to do next, with a command where one exists. */
  readonly hint?: string
  /** The task that failed or still runs. */
  readonly upid?: string
  /** The last lines of the failed task's log. */
  readonly taskLog?: readonly string[]
  /** Facts for scripts: camelCase keys, plain JSON values. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** Kind -> process exit code. The meaning of each code is described in `domain/exit-codes.ts`. */
export const EXIT_CODES = {
  unexpected: 1,
  differences: 1,
  usage: 2,
  'invalid-parameter': 2,
  unreachable: 3,
  'certificate-changed': 3,
  'certificate-untrusted': 3,
  'protocol-error': 3,
  authentication: 4,
  permission: 4,
  'not-found': 5,
  conflict: 6,
  'already-exists': 6,
  'ambiguous-name': 6,
  'vmid-conflict': 6,
  locked: 6,
  'digest-changed': 6,
  'task-failed': 7,
  refused: 8,
  'no-quorum': 8,
  'no-capacity': 8,
  'node-offline': 8,
  protected: 8,
  'not-supported': 8,
  'warnings-as-errors': 8,
  partial: 9,
  'check-failed': 10,
  'rolled-back': 11,
  'outcome-unknown': 12,
  'rollback-failed': 12,
  'config-invalid': 78,
  timeout: 124,
  interrupted: 130,
  terminated: 143,
} as const

/** A failure of one kind; absent extras stay absent (never null), as the JSON contract asks. */
export function failure(kind: FailureKind, message: string, extras: Omit<Failure, 'kind' | 'message'> = {}): Failure {
  return {kind, message, ...extras}
}

/** The process exit code for a failure. */
export function exitCodeOf(f: Failure): number {
  return EXIT_CODES[f.kind]
}
