import {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {Guest} from '../domain/guest.js'
import {causeOf, type TaskCause} from '../domain/task-cause.js'
import {guestOfLine, linesThatMatter, type LogLine} from '../domain/task-log.js'
import type {TaskSummary} from '../domain/task.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {meaningOfTaskExit} from '../repositories/failure-from-request.js'
import {meaningOf, type Meaning} from '../repositories/failure-rules.js'
import type {TaskService} from './task-service.js'

/** Why a task is as it is. */
export interface TaskExplanation extends TaskSummary {
  /** The guest that it is about, as it is now. */
  readonly guest?: Pick<Guest, 'lock' | 'name' | 'node' | 'status' | 'type' | 'vmid'>
  /** The lines of its log that matter. */
  readonly lines: readonly LogLine[]
  /** What is known to make tasks end like that, the likeliest first; of a line, or of the exit status. */
  readonly causes: readonly (TaskCause & {readonly line?: number})[]
  /** The next command. */
  readonly next?: string
}

/** Codes that only say that the reason is elsewhere; the first two are still better than nothing. */
const VAGUE: ReadonlySet<string> = new Set(['program-failed', 'qemu-start-failed'])
const SAYS_NOTHING: ReadonlySet<string> = new Set([...VAGUE, 'see-log', 'task-failed'])
const LINES_OF_RUNNING = 5

/** Reads the logs of tasks for those who want to know why. */
export class TaskWhyService {
  constructor(
    private readonly tasks: Pick<TaskService, 'log' | 'show'>,
    private readonly cluster: Pick<ClusterRepository, 'resources'>,
  ) {}

  explain(upid: string): ResultAsync<TaskExplanation, Failure> {
    return ResultAsync.combine([
      this.tasks.show(upid),
      this.tasks.log(upid),
      // Without the guests there is still something to say.
      this.cluster
        .resources('vm')
        .map(({guests}) => guests)
        .orElse(() => ResultAsync.fromSafePromise(Promise.resolve<Guest[]>([]))),
    ]).map(([task, log, guests]) => explanationOf(task, log, guests))
  }
}

function explanationOf(task: TaskSummary, log: readonly string[], guests: readonly Guest[]): TaskExplanation {
  const own = guestAt(guests, Number(task.id))
  const known = {...task, ...(own !== undefined && {guest: own})}
  if (task.state === 'running') {
    const lines = log.map((text, index): LogLine => ({line: index + 1, text, level: 'info'})).slice(-LINES_OF_RUNNING)
    return {
      ...known,
      lines,
      causes: /trying to acquire (?:cfs )?lock/.test(log.at(-1) ?? '')
        ? [{reason: 'waits-for-lock', cause: 'It waits for a lock that another task holds.', next: runningOn(task)}]
        : [],
      next: `homelab proxmox task log ${task.upid} --follow`,
    }
  }

  const lines = linesThatMatter(log, task.state === 'failed')
  const causes = causesOf(task, lines, guests)
  const next = causes.find((cause) => cause.next !== undefined)?.next
  return {
    ...known,
    lines,
    causes,
    ...(task.state !== 'ok' && {next: next ?? `homelab proxmox task log ${task.upid}`}),
  }
}

/** What the exit status says comes first, unless it only says that the log says it. */
function causesOf(task: TaskSummary, lines: readonly LogLine[], guests: readonly Guest[]): TaskExplanation['causes'] {
  const {upid, node, type: taskType} = task
  const found = new Map<string, TaskCause & {readonly line?: number}>()
  const add = ({details, hint}: Meaning, vmid: number | undefined, line?: number): void => {
    const guest = vmid === undefined ? undefined : (guestAt(guests, vmid) ?? {vmid})
    const cause = causeOf({
      reason: details.reason,
      details,
      ...(hint !== undefined && {hint}),
      upid,
      node,
      taskType,
      ...(guest !== undefined && {guest}),
    })
    // Several guests may suffer from the same thing: each is told, but not twice.
    const key = `${details.reason} ${vmid ?? ''}`
    if (cause !== undefined && !found.has(key)) found.set(key, {...cause, ...(line !== undefined && {line})})
  }

  const id = /^[1-9]\d{2,8}$/.test(task.id ?? '') ? Number(task.id) : undefined
  const vmidIn = (meaning: Meaning): number | undefined =>
    typeof meaning.details['vmid'] === 'number' ? meaning.details['vmid'] : undefined
  const exit = task.state === 'failed' ? meaningOfTaskExit(task.exitStatus ?? '') : undefined
  if (exit !== undefined && !SAYS_NOTHING.has(exit.details.reason)) add(exit, id ?? vmidIn(exit))
  const vague: (() => void)[] = []
  for (const {line, level, text} of lines) {
    if (level === 'info' || text.startsWith('TASK ERROR: ')) continue
    const meaning = meaningOf(text)
    if (meaning === undefined) continue
    const tell = (): void => add(meaning, guestOfLine(text) ?? vmidIn(meaning) ?? id, line)
    if (SAYS_NOTHING.has(meaning.details.reason)) vague.push(tell)
    else tell()
  }

  if (found.size === 0) {
    if (exit !== undefined && VAGUE.has(exit.details.reason)) add(exit, id)
    else for (const tell of vague) tell()
  }

  return [...found.values()]
}

function guestAt(guests: readonly Guest[], vmid: number): TaskExplanation['guest'] {
  const guest = guests.find((one) => one.vmid === vmid)
  if (guest === undefined) return undefined
  const {name, type, node, status, lock} = guest
  return {vmid, ...(name !== undefined && {name}), type, node, status, ...(lock !== undefined && {lock})}
}

function runningOn({node}: TaskSummary): string {
  return `homelab proxmox task list --running --node ${node}`
}
