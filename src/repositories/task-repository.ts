import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import type {Failure} from '../domain/failure.js'
import {outcomeOf, type TaskSummary} from '../domain/task.js'
import type {Upid} from '../domain/upid.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asNumber, asText, present, record, records, type Fields} from './reply.js'

/** `GET /nodes/{node}/tasks/{upid}/status`; `exitStatus` only once the task has stopped. */
export interface TaskStatus {
  readonly running: boolean
  readonly exitStatus?: string
  readonly startedAt: Date
}

export interface TaskFilter {
  readonly vmid?: number
  readonly type?: string
  readonly user?: string
  /** Only those started at or after this moment. */
  readonly since?: Date
  readonly until?: Date
  readonly source?: 'active' | 'all' | 'archive'
  readonly limit?: number
  readonly errorsOnly?: boolean
  /** How those that have ended did, in Proxmox's words; running ones are then left out. */
  readonly endings?: readonly TaskEnding[]
}

/** The values of `statusfilter`; `unknown` is a task that died without a word. */
export type TaskEnding = 'error' | 'ok' | 'unknown' | 'warning'

/** Tasks, each asked for at the node its UPID names: no other node knows it (reference 2.8). */
export class TaskRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  status(upid: Upid): ResultAsync<TaskStatus, Failure> {
    return ask(`ask for task ${upid.upid}`, () => this.task(upid).status.$get(), record).map((row) => {
      const running = row.status !== 'stopped'
      return {
        running,
        ...(!running && {exitStatus: asText(row.exitstatus) ?? 'unexpected status'}),
        startedAt: upid.startTime,
      }
    })
  }

  /**
   * Lines of the log from line number `start` (0-based) on. An unknown task or a log without lines has none.
   * @param limit 0 for all
   */
  log(upid: Upid, start = 0, limit = 0): ResultAsync<string[], Failure> {
    return ask(
      `read the log of task ${upid.upid}`,
      () => this.task(upid).log.$get({start, limit}),
      z.union([records, record]),
    ).map((reply) => {
      const rows = Array.isArray(reply) ? reply : [reply]
      const lines = rows.map((row) => asText(row.t) ?? '')
      // What Proxmox says in place of lines when there are none.
      return lines.length === 1 && /^(?:no content$|unable to open file - )/.test(lines[0] ?? '') ? [] : lines
    })
  }

  /** TERM, and KILL after five seconds; a task that has ended already is no error. `DELETE /nodes/{node}/tasks/{upid}` */
  stop(upid: Upid): ResultAsync<void, Failure> {
    return ask(`stop task ${upid.upid}`, () => this.task(upid).$delete(), z.unknown()).map(() => undefined)
  }

  /** `GET /nodes/{node}/tasks`: newest first. Without Sys.Audit on the node only the caller's own. */
  list(node: string, filter: TaskFilter = {}): ResultAsync<TaskSummary[], Failure> {
    const seconds = (date: Date | undefined) => (date === undefined ? undefined : Math.floor(date.getTime() / 1000))
    const query = present({
      source: filter.source ?? 'all',
      limit: filter.limit ?? 50,
      vmid: filter.vmid,
      typefilter: filter.type,
      userfilter: filter.user,
      since: seconds(filter.since),
      until: seconds(filter.until),
      errors: filter.errorsOnly === true ? true : undefined,
      statusfilter: filter.endings === undefined ? undefined : filter.endings.join(','),
    })
    return ask(
      `list the tasks of node ${node}`,
      () => this.connection.api.nodes.$(node).tasks.$get(query),
      records,
    ).map(summaries)
  }

  /** The recent tasks of all nodes in one request; dead nodes' tasks stay in it as running. `GET /cluster/tasks` */
  recent(): ResultAsync<TaskSummary[], Failure> {
    return ask('list the tasks of the cluster', () => this.connection.api.cluster.tasks.$get(), records).map(summaries)
  }

  private task(upid: Upid) {
    return this.connection.api.nodes.$(upid.node).tasks.$(upid.upid)
  }
}

function summaries(rows: readonly Fields[]): TaskSummary[] {
  return rows.map((row) => summaryFrom(row))
}

/** A finished task carries its exit status in `status`, a running one nothing or `RUNNING` (reference 2.8, 5). */
function summaryFrom(row: Fields): TaskSummary {
  const started = asNumber(row.starttime) ?? 0
  const ended = asNumber(row.endtime)
  const status = asText(row.status)
  const running = ended === undefined || status === 'RUNNING'
  return present({
    upid: asText(row.upid) ?? '',
    node: asText(row.node) ?? '',
    type: asText(row.type) ?? '',
    id: asText(row.id),
    user: asText(row.user) ?? '',
    state: running ? ('running' as const) : outcomeOf(status ?? 'unexpected status'),
    exitStatus: running ? undefined : (status ?? 'unexpected status'),
    startedAt: new Date(started * 1000).toISOString(),
    endedAt: running ? undefined : new Date(ended * 1000).toISOString(),
    durationSeconds: running ? undefined : ended - started,
  }) as TaskSummary
}
