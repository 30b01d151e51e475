import {err, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import type {Clock} from '../domain/clock.js'
import {failure, type Failure, type FailureKind} from '../domain/failure.js'
import {outcomeOf, pollDelay, progressInLog, type TaskReport, type TaskState, type TaskSummary} from '../domain/task.js'
import {readUpid, type Upid} from '../domain/upid.js'
import {meaningOfTaskExit} from '../repositories/failure-from-request.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import {impatience, tellAnswer, type Patience} from './patience.js'

const LOG_LINES_ON_FAILURE = 10
/** Failures of a question about a task that say nothing about the task. */
const PASSING: ReadonlySet<Failure['kind']> = new Set([
  'node-offline',
  'outcome-unknown',
  'protocol-error',
  'unreachable',
])

/** A task that was to be stopped. `changed: false`: it had ended already. */
export interface StoppedTask {
  readonly upid: string
  readonly changed: boolean
  readonly dryRun?: true
  readonly state: TaskState
  readonly exitStatus?: string
}

/** What a task's failure is for the exit code: `task-failed` unless its text says more. */
export function kindOfTaskExit(exitStatus: string): FailureKind {
  return meaningOfTaskExit(exitStatus).kind
}

/** Waiting for tasks and looking into them. */
export class TaskService {
  constructor(
    private readonly tasks: TaskRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Waits until a task has ended, however it ended. A lost connection only makes it ask again.
   * @param what what the task does, for messages: `clone of VM 9000`
   * @returns `timeout` or `interrupted` with the UPID when waiting stopped first
   */
  wait(upidText: string, what: string, patience: Patience): ResultAsync<TaskReport, Failure> {
    return new ResultAsync(this.waitFor(upidText, what, patience))
  }

  /** Like `wait`, and a task that failed is a failure, with the last lines of its log. */
  waitOk(upidText: string, what: string, patience: Patience): ResultAsync<TaskReport, Failure> {
    return this.wait(upidText, what, patience).andThen((report) =>
      report.outcome === 'failed'
        ? new ResultAsync(this.explain(report, what))
        : new ResultAsync<TaskReport, Failure>(Promise.resolve(ok(report))),
    )
  }

  log(upidText: string): ResultAsync<string[], Failure> {
    return readUpid(upidText).asyncAndThen((upid) => this.tasks.log(upid))
  }

  /** The log as it grows, until the task has ended. */
  async *follow(upidText: string, patience: Patience): AsyncGenerator<Result<string[], Failure>> {
    const upid = readUpid(upidText)
    if (upid.isErr()) {
      yield err(upid.error)
      return
    }

    let seen = 0
    for (let attempt = 0; ; attempt++) {
      // The status first: lines written before the task ended are then all in the log that is read after it.
      const status = await this.tasks.status(upid.value)
      tellAnswer(patience, upidText, status)
      const lines = status.isErr() ? err(status.error) : await this.tasks.log(upid.value, seen)
      if (lines.isErr() && !PASSING.has(lines.error.kind)) {
        yield err(lines.error)
        return
      }

      if (lines.isOk() && lines.value.length > 0) {
        seen += lines.value.length
        attempt = 0
        yield ok(lines.value)
      }

      if (status.isOk() && !status.value.running) return
      await this.clock.sleep(patience.pollIntervalMs ?? pollDelay(attempt), patience.signal)
      const gone = impatience(patience, this.clock, `task ${upidText}`, upidText)
      if (gone !== undefined) {
        yield err(gone)
        return
      }
    }
  }

  /** The task as it is now. */
  show(upidText: string): ResultAsync<TaskSummary, Failure> {
    return readUpid(upidText).asyncAndThen((upid) =>
      this.tasks.status(upid).map(({running, exitStatus}) => ({
        upid: upidText,
        node: upid.node,
        type: upid.type,
        ...(upid.id !== '' && {id: upid.id}),
        user: upid.user,
        state: running ? ('running' as const) : outcomeOf(exitStatus ?? ''),
        ...(exitStatus !== undefined && {exitStatus}),
        startedAt: upid.startTime.toISOString(),
      })),
    )
  }

  /**
   * Ends a task that runs; one that has ended is left alone.
   * @param mode `ask` comes back at once, `wait` when it is over, `plan` does nothing
   */
  end(upidText: string, mode: 'ask' | 'plan' | 'wait', patience: Patience): ResultAsync<StoppedTask, Failure> {
    return this.show(upidText).andThen(({state, exitStatus}): ResultAsync<StoppedTask, Failure> => {
      const plan = mode === 'plan' && {dryRun: true as const}
      if (state !== 'running')
        return okAsync({upid: upidText, changed: false, ...plan, state, ...(exitStatus !== undefined && {exitStatus})})
      if (mode === 'plan') return okAsync({upid: upidText, changed: true, ...plan, state})
      return readUpid(upidText)
        .asyncAndThen((upid) => this.tasks.stop(upid))
        .andThen(() =>
          mode === 'ask'
            ? okAsync<StoppedTask, Failure>({upid: upidText, changed: true, state})
            : this.wait(upidText, 'the task', patience).map(({outcome, exitStatus}): StoppedTask => ({
                upid: upidText,
                changed: true,
                state: outcome,
                exitStatus,
              })),
        )
    })
  }

  private async waitFor(upidText: string, what: string, patience: Patience): Promise<Result<TaskReport, Failure>> {
    const read = readUpid(upidText)
    if (read.isErr()) return err(read.error)
    const upid = read.value
    const begun = this.clock.now()
    let seen = 0
    patience.onTask?.(upidText)
    for (let attempt = 0; ; attempt++) {
      await this.clock.sleep(
        Math.min(patience.pollIntervalMs ?? pollDelay(attempt), Math.max(0, patience.deadline - this.clock.now())),
        patience.signal,
      )
      const gone = impatience(patience, this.clock, what, upidText)
      if (gone?.kind === 'interrupted') return err(gone)
      const status = await this.tasks.status(upid)
      tellAnswer(patience, upidText, status)
      if (status.isErr() && !PASSING.has(status.error.kind)) return err({...status.error, upid: upidText})
      if (status.isOk() && !status.value.running) {
        patience.onTask?.(undefined)
        const exitStatus = status.value.exitStatus ?? ''
        const durationSeconds = Math.round((this.clock.now() - begun) / 100) / 10
        return ok({upid: upidText, outcome: outcomeOf(exitStatus), exitStatus, durationSeconds})
      }

      if (gone !== undefined) return err(gone)
      if (patience.onStep !== undefined) seen = await this.tellProgress(upid, what, seen, patience.onStep)
    }
  }

  /** Reads what the log has gained, for whoever watches; nobody is told of a log that cannot be read. */
  private async tellProgress(
    upid: Upid,
    what: string,
    seen: number,
    onStep: NonNullable<Patience['onStep']>,
  ): Promise<number> {
    const lines = await this.tasks.log(upid, seen)
    if (lines.isErr()) return seen
    const fraction = lines.value.map((line) => progressInLog(line)).findLast((value) => value !== undefined)
    if (fraction !== undefined) onStep({text: what, fraction})
    return seen + lines.value.length
  }

  private async explain(report: TaskReport, what: string): Promise<Result<never, Failure>> {
    const log = await readUpid(report.upid).asyncAndThen((upid) => this.tasks.log(upid))
    const {kind, hint, details} = meaningOfTaskExit(report.exitStatus)
    return err(
      failure(kind, `${what} failed: ${report.exitStatus}`, {
        hint: [hint, `See the whole log with: homelab proxmox task log ${report.upid}`].filter(Boolean).join('. '),
        upid: report.upid,
        taskLog: log.unwrapOr([]).slice(-LOG_LINES_ON_FAILURE),
        details: {...details, exitStatus: report.exitStatus, durationSeconds: report.durationSeconds},
      }),
    )
  }
}
