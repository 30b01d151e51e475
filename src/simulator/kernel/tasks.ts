import {errorText, PveError} from './pve-error.js'
import {formatUpid} from './upid.js'

import type {Clock, Timer, Wait} from './clock.js'
import type {TaskRecord} from './state.js'
import type {Store} from './store.js'

/** What a task's body has at hand. Its log lines reach the disk one by one. */
export interface Task {
  readonly upid: string
  readonly node: string
  /** Aborts when the task is stopped; `sleep` and `patience` reject then by themselves. */
  readonly signal: AbortSignal
  log(line: string): void
  /** Logs `WARN: text` and makes the exit status `WARNINGS: n`. */
  warn(text: string): void
  /** Work that takes so many seconds. */
  sleep(seconds: number): Promise<void>
  /** Waits so long for somebody else; at instant speed this lasts a moment, not nothing. */
  patience(seconds: number): Promise<void>
}

export interface TaskStart {
  /** The executing node. */
  readonly node: string
  readonly type: string
  readonly id: number | string
  /** `user@realm` or `user@realm!token`. */
  readonly user: string
}

export type TaskBody = (task: Task) => Promise<void> | void

/**
 * What a test or an operator makes happen to a task. Failing and hanging begin where the body first takes time, so that it cleans up after itself as after any
 * other failure; a body that takes none fails or hangs at its end.
 */
export type TaskFault =
  | {readonly kind: 'fail'; readonly text: string}
  | {readonly kind: 'hang'}
  | {readonly kind: 'warn'; readonly text: string}

interface Running {
  readonly abort: AbortController
  readonly done: Promise<void>
  /** What the body sleeps on. */
  readonly timers: Set<Timer>
  readonly fault: TaskFault | undefined
  /** How often the body waited. */
  waits: number
  /** Its node lost its power: the body is never continued, so that not even its clean-up runs. */
  dead: boolean
}

/** The workers of all nodes: started, stopped, and what remains of them. */
export class Tasks {
  /** Decides for each task that starts whether something goes wrong with it. */
  fault: (start: TaskStart) => TaskFault | undefined = () => undefined
  private readonly running = new Map<string, Running>()

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /**
   * Starts a worker and returns its UPID; the body starts after the caller's turn. The task ends OK, with `WARNINGS: n`, or with the text of what the
   * body throws. A body that changes state should do so in steps that leave it whole: when the node dies the body is cut off at its next wait.
   */
  start(start: TaskStart, body: TaskBody): string {
    const meta = this.store.of('meta').get('world')
    const node = this.store.of('nodes').get(start.node)
    // what a call had to wait for took longer than its node lived
    if (node?.power === 'off') throw new PveError(596, 'Broken pipe')
    const pid = (meta?.lastPid ?? 1000) + 1
    if (meta) this.store.of('meta').put('world', {...meta, lastPid: pid})
    const starttime = this.clock.now()
    const pstart = Math.max(1, Math.floor((this.clock.nowMs() - (node?.bootedAt ?? 0)) / 10) % 0xf_ff_ff_ff_ff)
    const identity = {
      node: start.node,
      type: start.type,
      id: String(start.id),
      user: start.user,
      pid,
      pstart,
      starttime,
    }
    const upid = formatUpid(identity)
    this.store.of('tasks').put(upid, {...identity, upid})
    this.store.of('taskLogs').put(upid, [])

    const abort = new AbortController()
    let ended!: () => void
    const done = new Promise<void>((resolve) => {
      ended = resolve
    })
    const running: Running = {abort, done, timers: new Set(), fault: this.fault(start), dead: false, waits: 0}
    this.running.set(upid, running)
    setImmediate(() => {
      if (!running.dead) void this.run(upid, start.node, running, body).finally(ended)
    })
    return upid
  }

  get(upid: string): TaskRecord | undefined {
    return this.store.of('tasks').get(upid)
  }

  log(upid: string): readonly string[] | undefined {
    return this.store.of('taskLogs').get(upid)
  }

  /** Whether somebody works on it; a task of a dead node only looks as if. */
  isRunning(upid: string): boolean {
    return this.running.has(upid)
  }

  /** Interrupts a running task, as `DELETE …/tasks/{upid}` does; one that has ended stays as it is. */
  stop(upid: string): void {
    this.running.get(upid)?.abort.abort(new PveError(500, 'received interrupt'))
  }

  /** Resolves when the task has ended; at once when it has already. */
  async ended(upid: string): Promise<void> {
    await this.running.get(upid)?.done
  }

  /** Cuts off every task of a node that lost its power. They show as running until the node is back (`recover`). */
  nodeDied(node: string): void {
    for (const [upid, running] of this.running) if (this.get(upid)?.node === node) this.cutOff(upid, running)
  }

  /**
   * Ends the tasks nobody executes any more, of one node or of all: stopped with `unexpected status`, no last line in the log, whatever they held
   * stays held. That is what a node finds after it lost its power.
   */
  recover(node?: string): void {
    for (const task of [...this.store.of('tasks').values()]) {
      if (task.status === undefined && !this.running.has(task.upid) && (node === undefined || task.node === node)) {
        this.store.of('tasks').put(task.upid, {...task, endtime: this.clock.now(), status: 'unexpected status'})
      }
    }
  }

  /** Cuts off everything, for good. */
  close(): void {
    for (const [upid, running] of this.running) this.cutOff(upid, running)
  }

  private cutOff(upid: string, running: Running): void {
    running.dead = true
    for (const timer of running.timers) timer.cancel()
    this.running.delete(upid)
  }

  private async run(upid: string, node: string, running: Running, body: TaskBody): Promise<void> {
    const {fault} = running
    const {signal} = running.abort
    let warnings = 0
    const log = (text: string): void => {
      if (!running.dead) this.store.append('taskLogs', upid, ...text.split('\n'))
    }

    const task: Task = {
      upid,
      node,
      signal,
      log,
      warn(text) {
        warnings++
        log(`WARN: ${text}`)
      },
      sleep: (seconds) => this.wait(running, seconds, 'work'),
      patience: (seconds) => this.wait(running, seconds, 'patience'),
    }
    let status: string
    try {
      signal.throwIfAborted()
      if (fault?.kind === 'warn') task.warn(fault.text)
      await body(task)
      if (fault?.kind === 'hang' && running.waits === 0) await hang(signal)
      if (fault?.kind === 'fail') throw new PveError(500, fault.text)
      status = warnings > 0 ? `WARNINGS: ${warnings}` : 'OK'
      log(warnings > 0 ? `TASK WARNINGS: ${warnings}` : 'TASK OK')
    } catch (error) {
      const text = errorText(error).replace(/\n+$/, '')
      status = text.replaceAll('\n', ' ')
      log(`TASK ERROR: ${text}`)
    }

    if (running.dead) return
    this.running.delete(upid)
    const record = this.get(upid)
    if (record) this.store.of('tasks').put(upid, {...record, endtime: this.clock.now(), status})
  }

  private wait(running: Running, seconds: number, wait: Wait): Promise<void> {
    const {fault, timers} = running
    const {signal} = running.abort
    if (running.waits++ === 0 && fault?.kind === 'fail') return Promise.reject(new PveError(500, fault.text))
    if (running.waits === 1 && fault?.kind === 'hang') return hang(signal)
    return new Promise((resolve, reject) => {
      if (running.dead) return
      if (signal.aborted) {
        reject(signal.reason as Error)
        return
      }

      const abort = (): void => {
        timer.cancel()
        timers.delete(timer)
        reject(signal.reason as Error)
      }

      const timer = this.clock.after(
        seconds,
        () => {
          timers.delete(timer)
          signal.removeEventListener('abort', abort)
          resolve()
        },
        {wait},
      )
      timers.add(timer)
      signal.addEventListener('abort', abort, {once: true})
    })
  }
}

function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error)
    signal.addEventListener('abort', () => reject(signal.reason as Error), {once: true})
  })
}
