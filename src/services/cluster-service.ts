import {ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {byVmid, type Guest} from '../domain/guest.js'
import {naturalOrder} from '../domain/natural-order.js'
import type {ClusterNode} from '../domain/node.js'
import {selectorOf} from '../domain/selector.js'
import type {NodeStorage} from '../domain/storage.js'
import type {QuorumDevice} from '../domain/vote-count.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {NodeRepository} from '../repositories/node-repository.js'

/** A node as `cluster status` shows it; what it does not report is absent. */
export interface NodeOverview extends ClusterNode {
  readonly votes?: number
  readonly ip?: string
  /** Version of Proxmox VE, as `8.4.1`. */
  readonly version?: string
  /** 1, 5 and 15 minutes. */
  readonly loadAverage?: readonly number[]
  readonly storages: readonly {readonly storage: string; readonly totalBytes: number; readonly usedBytes: number}[]
}

export interface ClusterOverview {
  /** Absent on a server that stands alone. */
  readonly name?: string
  readonly standalone: boolean
  readonly quorate: boolean
  /** Those of the nodes and of the quorum device together. */
  readonly votes?: {readonly total: number; readonly online: number; readonly needed: number}
  readonly quorumDevice?: QuorumDevice
  readonly nodes: readonly NodeOverview[]
}

/** The cluster as a whole. */
export class ClusterService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly nodes: NodeRepository,
  ) {}

  listNodes(): ResultAsync<ClusterNode[], Failure> {
    return this.cluster.resources('node').map(({nodes}) => [...nodes].sort(byName))
  }

  /** Templates of VMs and containers. */
  listTemplates(selectors: readonly string[] = []): ResultAsync<Guest[], Failure> {
    return selectorOf(selectors).asyncAndThen((matches) =>
      this.cluster
        .resources('vm')
        .map(({guests}) => guests.filter((guest) => guest.template && matches(guest)).sort(byVmid)),
    )
  }

  /** Membership, quorum and what each node says of itself; a node that does not answer only lacks its figures. */
  overview(): ResultAsync<ClusterOverview, Failure> {
    return ResultAsync.combine([this.cluster.status(), this.cluster.resources()] as const).andThen(
      ([status, resources]) => {
        const online = new Set(status.members.filter((member) => member.online).map((member) => member.node))
        // Votes need Sys.Audit on `/`, and a server that stands alone has none: both leave them out.
        const votes =
          status.cluster === undefined
            ? okAsync(new Map<string, number>())
            : absentOnFailure(this.nodes.votes(), new Map<string, number>())
        const device =
          status.cluster === undefined
            ? okAsync<QuorumDevice | undefined, never>(undefined)
            : absentOnFailure(this.nodes.quorumDevice(status.members.length), undefined)
        const figures = resources.nodes.map((node) =>
          online.has(node.node) ? absentOnFailure(this.nodes.status(node.node), {}) : okAsync({}),
        )
        return ResultAsync.combine([votes, device, ResultAsync.combine(figures)] as const).map(
          ([votesOf, quorumDevice, statuses]): ClusterOverview => {
            const nodes = resources.nodes
              .map((node, i): NodeOverview => {
                const member = status.members.find((m) => m.node === node.node)
                const count = votesOf.get(node.node)
                return {
                  ...node,
                  // Membership is known at once, figures only every ten seconds.
                  status: online.has(node.node) ? node.status : 'offline',
                  ...(count !== undefined && {votes: count}),
                  ...(member?.ip !== undefined && {ip: member.ip}),
                  ...statuses[i],
                  storages: storagesOf(node.node, resources.storages),
                }
              })
              .sort(byName)
            const ofNodes = [...votesOf.values()].reduce((sum, n) => sum + n, 0)
            const total = ofNodes + (quorumDevice?.votes ?? 0)
            const there = nodes.reduce((sum, node) => sum + (node.status === 'offline' ? 0 : (node.votes ?? 0)), 0)
            return {
              ...(status.cluster !== undefined && {name: status.cluster.name}),
              standalone: status.cluster === undefined,
              quorate: status.cluster?.quorate ?? true,
              ...(ofNodes > 0 && {
                votes: {
                  total,
                  online: there + (quorumDevice?.connected === true ? quorumDevice.votes : 0),
                  needed: Math.floor(total / 2) + 1,
                },
              }),
              ...(quorumDevice !== undefined && {quorumDevice}),
              nodes,
            }
          },
        )
      },
    )
  }
}

function byName(a: {readonly node: string}, b: {readonly node: string}): number {
  return naturalOrder(a.node, b.node)
}

function storagesOf(node: string, storages: readonly NodeStorage[]): NodeOverview['storages'] {
  return storages
    .filter((s) => s.node === node && s.totalBytes !== undefined && s.usedBytes !== undefined)
    .map((s) => ({storage: s.storage, totalBytes: s.totalBytes ?? 0, usedBytes: s.usedBytes ?? 0}))
    .sort((a, b) => naturalOrder(a.storage, b.storage))
}

function absentOnFailure<T>(result: ResultAsync<T, Failure>, absent: T): ResultAsync<T, never> {
  return result.orElse((): Result<T, never> => ok(absent))
}
