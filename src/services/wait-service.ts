import {err, ok, ResultAsync, type Result} from 'neverthrow'
import type {Clock} from '../domain/clock.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type GuestType} from '../domain/guest.js'
import type {GuestNow} from '../domain/guest-now.js'
import {pollDelay} from '../domain/task.js'
import {
  checkConditions,
  judgeByStatus,
  needsRunning,
  pending,
  type Verdict,
  type WaitCondition,
} from '../domain/wait-condition.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestMonitorRepository} from '../repositories/guest-monitor-repository.js'
import type {GuestRef} from '../repositories/guest-repository.js'
import {FATAL, type GuestLook} from './guest-look.js'
import type {NodeLimit} from './node-limit.js'
import {tellAnswer, type Patience} from './patience.js'

/** What is waited for. */
export interface WaitWish {
  /** At least one. */
  readonly conditions: readonly WaitCondition[]
  /** One of them is enough. */
  readonly any: boolean
  /** We started the guest ourselves: once it has stopped again, nobody will. */
  readonly startedByUs?: boolean
}

/** A condition as it was last seen. */
export interface ConditionReport {
  readonly condition: string
  readonly met: boolean
  readonly lastSeen: string
}

/** What came of waiting for one guest. */
export interface WaitReport {
  readonly vmid: number
  readonly name?: string
  readonly type: GuestType
  readonly node: string
  readonly status: string
  readonly waitedSeconds: number
  readonly conditions: readonly ConditionReport[]
}

/** The wait for one guest, as far as it has come. */
interface Wait {
  readonly wish: WaitWish
  readonly patience: Patience
  readonly begun: number
  /** Where it is; it may move. */
  guest: GuestRef
  status: string
  /** Whether it ran when it was last seen; conditions that it fulfilled then need not be looked at again. */
  runningSince?: number
  readonly held: Map<WaitCondition, Verdict>
  verdicts: readonly Verdict[]
}

/** Waits until something about a guest is so. */
export class WaitService {
  constructor(
    private readonly monitor: GuestMonitorRepository,
    private readonly cluster: ClusterRepository,
    private readonly look: GuestLook,
    private readonly limit: NodeLimit,
    private readonly clock: Clock,
  ) {}

  /**
   * Waits until the conditions hold, all at once or any of them. Costs one question about the guest's state per round, and more only for what its state leaves
   * open. Lost connections and moves to another node don't end it.
   * @returns `timeout` or `interrupted` with what was last seen of each; `check-failed` when it can no longer come true: the guest was
   * deleted, its agent is switched off, cloud-init ended with an error
   */
  wait(guest: GuestRef, wish: WaitWish, patience: Patience): ResultAsync<WaitReport, Failure> {
    return checkConditions(wish.conditions, guest.type, wish.any).asyncAndThen(
      () => new ResultAsync(this.waitFor(guest, wish, patience)),
    )
  }

  /** Refuses, before the guest is started, what cannot come true once it runs. */
  check(guest: GuestRef, wish: WaitWish): ResultAsync<void, Failure> {
    return checkConditions(wish.conditions, guest.type, wish.any).asyncAndThen(() =>
      new ResultAsync(this.limit.run(guest.node, () => this.monitor.current(guest))).andThen((now) => {
        const verdicts = wish.conditions.map(
          (condition) => judgeByStatus(condition, {...now, status: 'running'}) ?? pending(''),
        )
        const hopeless = whyImpossible(wish, verdicts)
        return hopeless === undefined
          ? ok(undefined)
          : err(failure('check-failed', `${guestLabel(guest)}: ${hopeless}; nothing was started`))
      }),
    )
  }

  private async waitFor(guest: GuestRef, wish: WaitWish, patience: Patience): Promise<Result<WaitReport, Failure>> {
    const wait: Wait = {
      wish,
      patience,
      begun: this.clock.now(),
      guest,
      status: 'unknown',
      held: new Map(),
      verdicts: wish.conditions.map(() => pending('nothing yet')),
    }
    for (let attempt = 0; ; attempt++) {
      const over = await this.round(wait)
      if (isStopped(wait)) return err(this.unfinished(wait, 'interrupted'))
      if (over !== undefined) return over
      if (this.clock.now() >= patience.deadline) return err(this.unfinished(wait, 'timeout'))
      patience.onStep?.({text: `${guest.name ?? guest.vmid}: wait for ${missing(wait)}`})
      const pause = Math.min(patience.pollIntervalMs ?? pollDelay(attempt), patience.deadline - this.clock.now())
      await this.clock.sleep(Math.max(0, pause), patience.signal)
    }
  }

  /** Looks once; undefined while it has to be looked again. */
  private async round(wait: Wait): Promise<Result<WaitReport, Failure> | undefined> {
    const now = await this.limit.run(wait.guest.node, () => this.monitor.current(wait.guest))
    tellAnswer(wait.patience, String(wait.guest.vmid), now)
    if (now.isErr()) return isStopped(wait) ? undefined : this.unseen(wait, now.error)
    this.follow(wait, now.value)

    const verdicts: Verdict[] = []
    const look = this.look.at(wait.guest, now.value, wait.patience)
    for (const condition of wait.wish.conditions) {
      const seen =
        judgeState(condition, now.value, wait.wish) ?? wait.held.get(condition) ?? (await look.judge(condition))
      // What Ctrl-C cut off tells nothing; what was seen before it stays.
      if (isStopped(wait)) return undefined
      if ('kind' in seen) return err(seen)
      verdicts.push(seen)
      if (seen.state === 'met' && needsRunning(condition)) wait.held.set(condition, seen)
    }

    wait.verdicts = verdicts
    const isMet = ({state}: Verdict): boolean => state === 'met'
    if (wait.wish.any ? verdicts.some(isMet) : verdicts.every(isMet)) return ok(this.report(wait))
    const hopeless = whyImpossible(wait.wish, verdicts)
    if (hopeless !== undefined) return err(this.failed(wait, hopeless))
    return undefined
  }

  /** Takes note of the guest's state; after a restart everything has to be seen anew. */
  private follow(wait: Wait, {status, uptimeSeconds = 0}: GuestNow): void {
    const since = this.clock.now() - uptimeSeconds * 1000
    const restarted = wait.runningSince !== undefined && since > wait.runningSince + RESTART_MARGIN_MS
    if (status !== 'running' || restarted) wait.held.clear()
    if (status === 'running') wait.runningSince = since
    wait.status = status
  }

  /** What it means that a guest could not be asked: it is gone, it moved, or the way to it is broken for a while. */
  private async unseen(wait: Wait, why: Failure): Promise<Result<WaitReport, Failure> | undefined> {
    if (FATAL.has(why.kind)) return err(why)
    if (why.kind === 'not-found') {
      const listed = await this.cluster.resources('vm')
      const found = listed.isOk() ? listed.value.guests.find(({vmid}) => vmid === wait.guest.vmid) : undefined
      if (listed.isOk() && found?.type !== wait.guest.type) {
        return err(this.failed(wait, 'it was deleted meanwhile', 'deleted'))
      }

      if (found !== undefined) wait.guest = {...wait.guest, node: found.node}
    }

    wait.verdicts = wait.verdicts.map(() => pending(`it could not be asked: ${why.message}`))
    return undefined
  }

  private report(wait: Wait): WaitReport {
    const {vmid, name, type, node} = wait.guest
    return {
      vmid,
      ...(name !== undefined && {name}),
      type,
      node,
      status: wait.status,
      waitedSeconds: this.waited(wait),
      conditions: reports(wait),
    }
  }

  private failed(wait: Wait, why: string, reason = 'impossible'): Failure {
    return failure('check-failed', `waiting for ${guestLabel(wait.guest)} is of no use: ${why}`, {
      details: this.details(wait, reason),
    })
  }

  private unfinished(wait: Wait, kind: 'interrupted' | 'timeout'): Failure {
    const how = kind === 'timeout' ? `waited ${this.waited(wait)}s` : 'interrupted while waiting'
    return failure(kind, `${how} for ${guestLabel(wait.guest)}; still missing: ${missing(wait)}`, {
      ...(kind === 'timeout' && {hint: 'Give it longer with --timeout'}),
      details: this.details(wait, kind),
    })
  }

  private details(wait: Wait, reason: string): Readonly<Record<string, unknown>> {
    const {vmid, node} = wait.guest
    return {reason, vmid, node, status: wait.status, waitedSeconds: this.waited(wait), conditions: reports(wait)}
  }

  private waited({begun}: Wait): number {
    return Math.round((this.clock.now() - begun) / 100) / 10
  }
}

/** What the guest's state says about a condition; a guest that we started and that has stopped again will not run by itself, unless HA sees to it. */
function judgeState(condition: WaitCondition, now: GuestNow, {startedByUs}: WaitWish): Verdict | undefined {
  const isOver = startedByUs === true && now.status === 'stopped' && now.lock === undefined && !now.haManaged
  return isOver && needsRunning(condition)
    ? {state: 'impossible', seen: 'it has stopped again'}
    : judgeByStatus(condition, now)
}

/** A guest's uptime comes in whole seconds, and the answer takes its time. */
const RESTART_MARGIN_MS = 5000

function isStopped({patience}: Wait): boolean {
  return patience.signal?.aborted === true
}

function reports({wish, verdicts}: Wait): ConditionReport[] {
  return wish.conditions.map(({text}, index) => {
    const {state, seen} = verdicts[index] ?? pending('nothing yet')
    return {condition: text, met: state === 'met', lastSeen: seen}
  })
}

function missing(wait: Wait): string {
  return reports(wait)
    .filter(({met}) => !met)
    .map(({condition, lastSeen}) => `${condition} (last seen: ${lastSeen})`)
    .join(wait.wish.any ? ' or ' : ', ')
}

/** Why waiting is of no use: with `any`, only when none is left that could come true. */
function whyImpossible({conditions, any}: WaitWish, verdicts: readonly Verdict[]): string | undefined {
  const impossible = verdicts.flatMap(({state, seen}, index) =>
    state === 'impossible' ? [`${conditions[index]?.text ?? ''}: ${seen}`] : [],
  )
  const isOver = any ? impossible.length === verdicts.length : impossible.length > 0
  return isOver ? impossible.join('; ') : undefined
}
