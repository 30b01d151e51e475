import {err, errAsync, ok, okAsync, type Result, ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {ClusterNode} from '../domain/node.js'
import {hasOnNode, type Permissions} from '../domain/privileges.js'
import type {TaskState, TaskSummary} from '../domain/task.js'
import type {AccessRepository} from '../repositories/access-repository.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {TaskEnding, TaskFilter, TaskRepository} from '../repositories/task-repository.js'
import {checkNode} from './choose-node.js'
import type {GuestService} from './guest-service.js'
import type {NodeLimit} from './node-limit.js'

/** Which tasks a list is about. What is left out doesn't matter. */
export interface TaskQuery {
  /** All of them where none is named. */
  readonly nodes: readonly string[]
  /** Name or VMID; a VMID may be that of a guest that is gone. */
  readonly guest?: string
  readonly type?: string
  readonly user?: string
  readonly states: readonly TaskState[]
  readonly since?: Date
  readonly until?: Date
  readonly limit: number
}

/** Tasks, newest start first, and what may be missing from them. */
export interface TaskOverview {
  readonly tasks: TaskSummary[]
  /** Nodes that could not be asked, and why. */
  readonly missing: readonly {readonly node: string; readonly reason: string}[]
  /** Nodes of which only the own tasks are told, for want of Sys.Audit. */
  readonly ownOnly: readonly string[]
}

const ENDINGS: Readonly<Record<Exclude<TaskState, 'running'>, readonly TaskEnding[]>> = {
  ok: ['ok'],
  warnings: ['warning'],
  failed: ['error', 'unknown'],
}

/** The history of all nodes in one list: each node keeps its own. */
export class TaskListService {
  constructor(
    private readonly tasks: TaskRepository,
    private readonly cluster: ClusterRepository,
    private readonly guests: GuestService,
    private readonly access: Pick<AccessRepository, 'permissions'>,
    private readonly limit: NodeLimit,
  ) {}

  /** Asks every node that is up. One that was named and is not up is a failure; otherwise it is only missing. */
  list(query: TaskQuery): ResultAsync<TaskOverview, Failure> {
    return ResultAsync.combine([
      this.nodesOf(query.nodes),
      this.vmidOf(query.guest),
      this.access.permissions().orElse(() => okAsync<Permissions>({})),
    ]).andThen(([nodes, vmid, permissions]) => new ResultAsync(this.gather(nodes, {...query, vmid}, permissions)))
  }

  private nodesOf(named: readonly string[]): ResultAsync<ClusterNode[], Failure> {
    return this.cluster.resources('node').andThen((resources) => {
      for (const node of named) {
        const known = checkNode(node, 'the list of its tasks', resources)
        if (known.isErr()) return errAsync(offlineNode(known.error, node))
      }

      return okAsync(resources.nodes.filter(({node}) => named.length === 0 || named.includes(node)))
    })
  }

  private vmidOf(guest: string | undefined): ResultAsync<number | undefined, Failure> {
    if (guest === undefined) return okAsync(undefined)
    return this.guests
      .find(undefined, guest)
      .map(({vmid}): number | undefined => vmid)
      .orElse((failed) =>
        failed.kind === 'not-found' && /^[1-9]\d{2,8}$/.test(guest) ? okAsync(Number(guest)) : errAsync(failed),
      )
  }

  private async gather(
    nodes: readonly ClusterNode[],
    query: TaskQuery & {readonly vmid: number | undefined},
    permissions: Permissions,
  ): Promise<Result<TaskOverview, Failure>> {
    const asked = await Promise.all(
      nodes.map(async ({node, status}) =>
        status === 'offline'
          ? {node, reason: 'it is offline'}
          : {node, listed: await this.limit.run(node, () => this.ofNode(node, query))},
      ),
    )
    const found = new Map<string, TaskSummary>()
    const missing: {node: string; reason: string}[] = []
    const failures: Failure[] = []
    for (const one of asked) {
      if (one.listed === undefined) missing.push({node: one.node, reason: one.reason})
      else if (one.listed.isOk()) for (const task of one.listed.value) found.set(task.upid, task)
      else {
        failures.push(one.listed.error)
        missing.push({node: one.node, reason: one.listed.error.message})
      }
    }

    // Nothing to show: then the reason is what there is to say.
    const [failed] = failures
    if (failed !== undefined && missing.length === nodes.length) return err(failed)
    const states = new Set<TaskState>(query.states)
    return ok({
      tasks: [...found.values()]
        .filter(({state}) => states.size === 0 || states.has(state))
        .sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0))
        .slice(0, query.limit),
      missing,
      ownOnly: nodes
        .map(({node}) => node)
        .filter((node) => !hasOnNode(permissions, node, 'Sys.Audit') && missing.every((gone) => gone.node !== node)),
    })
  }

  /** Running tasks stand in another file than those that have ended, and only the latter can be chosen by how they did. */
  private async ofNode(
    node: string,
    {states, nodes: _nodes, guest: _guest, ...query}: TaskQuery & {readonly vmid: number | undefined},
  ): Promise<Result<TaskSummary[], Failure>> {
    const {vmid, type, user, since, until, limit} = query
    const filter: TaskFilter = {
      limit,
      ...(vmid !== undefined && {vmid}),
      ...(type !== undefined && {type}),
      ...(user !== undefined && {user}),
      ...(since !== undefined && {since}),
      ...(until !== undefined && {until}),
    }
    if (states.length === 0) return this.tasks.list(node, {...filter, source: 'all'})
    const endings = states.flatMap((state) => (state === 'running' ? [] : ENDINGS[state]))
    // In this order no task is missed that ends between the two.
    const running = states.includes('running') ? await this.tasks.list(node, {...filter, source: 'active'}) : ok([])
    if (running.isErr() || endings.length === 0) return running
    const ended = await this.tasks.list(node, {...filter, source: 'archive', endings})
    return ended.map((tasks) => [...tasks, ...running.value])
  }
}

function offlineNode(failed: Failure, node: string): Failure {
  return failed.kind === 'node-offline'
    ? {
        ...failed,
        message: `node ${node} is offline: nobody else keeps its tasks`,
        hint: 'See: homelab proxmox node list',
      }
    : failed
}
