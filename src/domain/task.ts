/** How a task ended: `WARNINGS: n` is a success that says so. */
export type TaskOutcome = 'failed' | 'ok' | 'warnings'

/** `running`, or how it ended. */
export const TASK_STATES = ['running', 'ok', 'warnings', 'failed'] as const satisfies readonly (
  TaskOutcome | 'running'
)[]
export type TaskState = (typeof TASK_STATES)[number]

/** A finished task, as the JSON contract shows it. */
export interface TaskReport {
  readonly upid: string
  readonly outcome: TaskOutcome
  /** Proxmox's own word: `OK`, `WARNINGS: n` or the error text. */
  readonly exitStatus: string
  readonly durationSeconds: number
}

/** A row of a task list. */
export interface TaskSummary {
  readonly upid: string
  readonly node: string
  readonly type: string
  readonly id?: string
  readonly user: string
  readonly state: TaskState
  readonly exitStatus?: string
  readonly startedAt: string
  readonly endedAt?: string
  readonly durationSeconds?: number
}

/** `OK` or `WARNINGS: n` is success (reference 2.8); everything else failed. */
export function outcomeOf(exitStatus: string): TaskOutcome {
  if (exitStatus === 'OK') return 'ok'
  return /^WARNINGS: \d+$/.test(exitStatus) ? 'warnings' : 'failed'
}

/**
 * The progress that a line of a task's log tells, 0..1; undefined where it tells none.
 * Clone and move print `transferred 1.0 GiB of 4.0 GiB (25.00%)`, backups `INFO:  25% (…)`, copies `(25%)`,
 * downloads what wget does: `  1024K ........ ........  25% 10.4M 2s`.
 */
export function progressInLog(line: string): number | undefined {
  const match = /(?:^INFO:\s+|\(|^\s*\d+[KM][\s.,]+)(\d{1,3}(?:\.\d+)?)%/.exec(line)
  return match === null ? undefined : Math.min(1, Number(match[1]) / 100)
}

/**
 * Waits between two questions about a task, in ms: quick at first, because many tasks take a second; slower later, because a node has
 * three workers for everybody.
 */
export function pollDelay(attempt: number): number {
  return Math.min(2000, 250 * 1.4 ** attempt)
}
