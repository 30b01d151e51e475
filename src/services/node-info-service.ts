import {errAsync, okAsync, ResultAsync} from 'neverthrow'
import type {Clock} from '../domain/clock.js'
import type {Failure} from '../domain/failure.js'
import type {HistorySpan} from '../domain/guest-now.js'
import {naturalOrder} from '../domain/natural-order.js'
import {
  clockOffset,
  type NodeCertificate,
  type NodeDetails,
  type NodeService,
  type NodeTime,
  type NodeUpdate,
  type NodeUsagePoint,
  type Subscription,
} from '../domain/node-info.js'
import type {TaskReport} from '../domain/task.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {NodeInfoRepository, SyslogFilter} from '../repositories/node-info-repository.js'
import {checkNode} from './choose-node.js'
import {fanOut, type TargetResult} from './fan-out.js'
import type {Patience} from './patience.js'
import type {TaskService} from './task-service.js'

const DAY_MS = 24 * 60 * 60 * 1000
/** Nodes that are asked at a time. */
const PARALLEL = 8

/** What a node uses now, and used lately. */
export interface NodeStats extends NodeDetails {
  readonly historySpan?: HistorySpan
  /** Oldest first; a point where nothing was measured has its time alone. */
  readonly history?: readonly NodeUsagePoint[]
}

/** What nodes tell about themselves. A node that is unknown or down is refused before it is asked, for the server's own words would be those of its resolver. */
export class NodeInfoService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly nodes: NodeInfoRepository,
    private readonly tasks: TaskService,
    private readonly clock: Clock,
  ) {}

  details(node: string): ResultAsync<NodeDetails, Failure> {
    return this.up(node).andThen(() => this.nodes.details(node))
  }

  services(node: string): ResultAsync<NodeService[], Failure> {
    return this.up(node).andThen(() => this.nodes.services(node))
  }

  /** Those that are enabled and do not run. A server that stands alone needs no corosync, which is enabled there all the same. */
  servicesDown(node: string): ResultAsync<NodeService[], Failure> {
    return ResultAsync.combine([this.services(node), this.cluster.status()] as const).map(([services, {cluster}]) =>
      services.filter(
        ({service, state, unitState}) =>
          state !== 'running' && unitState === 'enabled' && !(cluster === undefined && service === 'corosync'),
      ),
    )
  }

  /** The last lines of the system log; of what a filter leaves the first ones. */
  syslog(node: string, filter: Omit<SyslogFilter, 'start'>): ResultAsync<string[], Failure> {
    const {limit, service, since, until} = filter
    const isFiltered = since !== undefined || until !== undefined || service !== undefined
    return this.up(node).andThen(() =>
      isFiltered ? this.nodes.syslog(node, {...filter, start: 0}) : this.nodes.lastLog(node, limit),
    )
  }

  /** @param refresh asks the node to look for updates first */
  updates(node: string, refresh: boolean, patience: Patience): ResultAsync<NodeUpdate[], Failure> {
    return this.up(node)
      .andThen((): ResultAsync<unknown, Failure> =>
        refresh ? this.lookForUpdates(node, patience) : okAsync(undefined),
      )
      .andThen(() => this.nodes.updates(node))
      .map((updates) => [...updates].sort((a, b) => naturalOrder(a.package, b.package)))
  }

  certificates(node: string): ResultAsync<NodeCertificate[], Failure> {
    return this.up(node)
      .andThen(() => this.nodes.certificates(node))
      .map((certificates) =>
        certificates.map((one) => ({
          ...one,
          ...(one.notAfter !== undefined && {
            daysLeft: Math.floor((Date.parse(one.notAfter) - this.clock.now()) / DAY_MS),
          }),
        })),
      )
  }

  subscription(node: string): ResultAsync<Subscription, Failure> {
    return this.up(node).andThen(() => this.nodes.subscription(node))
  }

  /** The time of a node, and how far its clock is from ours. */
  time(node: string): ResultAsync<NodeTime, Failure> {
    return this.up(node).andThen(() => this.measuredTime(node))
  }

  /** The same of several nodes that are up, each on its own. */
  async times(nodes: readonly string[]): Promise<readonly TargetResult<NodeTime>[]> {
    return fanOut(
      nodes,
      (node) => node,
      (node) => this.measuredTime(node),
      {parallel: PARALLEL, failFast: false},
    )
  }

  stats(node: string, span?: HistorySpan): ResultAsync<NodeStats, Failure> {
    return this.up(node)
      .andThen(() => this.nodes.details(node))
      .andThen((details) =>
        span === undefined
          ? okAsync<NodeStats, Failure>(details)
          : this.nodes.history(node, span).map((history): NodeStats => ({...details, historySpan: span, history})),
      )
  }

  /** Those that are named, or all that are up. */
  select(names: readonly string[]): ResultAsync<string[], Failure> {
    return this.cluster.resources('node').andThen((resources) => {
      const known = resources.nodes.map(({node}) => node).sort(naturalOrder)
      if (names.length === 0)
        return okAsync(
          known.filter((name) => resources.nodes.some((one) => one.node === name && one.status === 'online')),
        )
      for (const name of names) {
        const checked = checkNode(name, undefined, resources)
        if (checked.isErr()) return errAsync(checked.error)
      }

      return okAsync([...new Set(names)])
    })
  }

  private measuredTime(node: string): ResultAsync<NodeTime, Failure> {
    const asked = this.clock.now()
    return this.nodes
      .time(node)
      .map((told) => ({...told, clockOffsetSeconds: clockOffset(told.time, asked, this.clock.now())}))
  }

  private lookForUpdates(node: string, patience: Patience): ResultAsync<TaskReport, Failure> {
    return this.nodes
      .refreshUpdates(node)
      .andThen((upid) => this.tasks.waitOk(upid, `the look for updates on ${node}`, patience))
  }

  private up(node: string): ResultAsync<void, Failure> {
    return this.select([node]).map(() => undefined)
  }
}
