import {ok, ResultAsync, type Result} from 'neverthrow'
import {resourceList, type ClusterLogEntry, type ClusterResource, type HaStatus} from '../domain/cluster-health.js'
import type {Failure} from '../domain/failure.js'
import {CLOCK_TOLERANCE_SECONDS} from '../domain/node-info.js'
import type {ClusterInfoRepository} from '../repositories/cluster-info-repository.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {Fields} from '../repositories/reply.js'
import type {ClusterOverview, ClusterService} from './cluster-service.js'
import type {NodeInfoService} from './node-info-service.js'

/** How the cluster is: what nodes, quorum, HA and clocks say together. What could not be asked is absent. */
export interface ClusterHealth extends ClusterOverview {
  readonly ha?: HaStatus
  /** `HEALTH_OK`; absent without Ceph. */
  readonly ceph?: string
  /** By node, in seconds ahead of this machine. */
  readonly clockOffsetSeconds?: Readonly<Record<string, number>>
  /** What somebody should know or do, a sentence each. */
  readonly remarks: readonly string[]
}

/** The cluster as a whole, with what only shows when its parts are compared. */
export class ClusterHealthService {
  constructor(
    private readonly cluster: ClusterService,
    private readonly resources: ClusterRepository,
    private readonly info: ClusterInfoRepository,
    private readonly nodes: NodeInfoService,
  ) {}

  status(): ResultAsync<ClusterHealth, Failure> {
    return this.cluster.overview().andThen((overview) => new ResultAsync(this.complete(overview)))
  }

  /** Guests, nodes and storages in one list. */
  list(): ResultAsync<ClusterResource[], Failure> {
    return this.resources.resources().map(resourceList)
  }

  log(limit: number): ResultAsync<ClusterLogEntry[], Failure> {
    return this.info.log(limit)
  }

  options(): ResultAsync<Fields, Failure> {
    return this.info.options()
  }

  private async complete(overview: ClusterOverview): Promise<Result<ClusterHealth, Failure>> {
    const up = overview.nodes.filter(({status}) => status === 'online').map(({node}) => node)
    const [ha, ceph, times] = await Promise.all([this.info.ha(), this.info.cephHealth(), this.nodes.times(up)])
    const offsets = Object.fromEntries(
      times.flatMap((told) =>
        told.ok && told.value.clockOffsetSeconds !== undefined ? [[told.target, told.value.clockOffsetSeconds]] : [],
      ),
    )
    const managed = ha.isOk() && (ha.value.services.length > 0 || ha.value.master !== undefined) ? ha.value : undefined
    const health = ceph.unwrapOr(undefined)
    return ok({
      ...overview,
      ...(managed !== undefined && {ha: managed}),
      ...(health !== undefined && {ceph: health}),
      ...(Object.keys(offsets).length > 0 && {clockOffsetSeconds: offsets}),
      remarks: remarksOn(overview, managed, health, offsets),
    })
  }
}

function votesText(votes: number): string {
  return votes === 1 ? 'vote is' : `${votes} votes are`
}

/** What a person would want to be told. */
export function remarksOn(
  {nodes, quorate, quorumDevice, standalone, votes}: ClusterOverview,
  ha: HaStatus | undefined,
  ceph: string | undefined,
  offsets: Readonly<Record<string, number>>,
): string[] {
  const remarks: string[] = []
  if (!standalone && !quorate)
    remarks.push('without quorum nothing can be changed or started; what runs goes on: bring a node back')
  if (!standalone && quorate && votes !== undefined) {
    const largest = Math.max(0, ...nodes.filter(({status}) => status !== 'offline').map((node) => node.votes ?? 0))
    const lost = [
      ...(votes.online - largest < votes.needed ? ['one more node'] : []),
      ...(quorumDevice?.connected === true && votes.online - quorumDevice.votes < votes.needed
        ? ['the quorum device']
        : []),
    ]
    if (lost.length > 0) remarks.push(`${lost.join(' or ')} lost would end the quorum`)
  }

  if (quorumDevice?.connected === false) {
    remarks.push(
      `the quorum device is not connected (${quorumDevice.state}): its ${votesText(quorumDevice.votes)} missing`,
    )
  }

  const versions = [...new Set(nodes.flatMap(({version}) => version ?? []))]
  if (versions.length > 1) {
    const each = nodes.flatMap(({node, version}) => (version === undefined ? [] : `${node} ${version}`))
    remarks.push(`the nodes run different versions: ${each.join(', ')}`)
  }

  const known = Object.values(offsets)
  if (known.length > 1 && Math.max(...known) - Math.min(...known) > CLOCK_TOLERANCE_SECONDS) {
    const each = Object.entries(offsets).map(([node, seconds]) => `${node} ${seconds > 0 ? '+' : ''}${seconds} s`)
    remarks.push(`the clocks of the nodes differ: ${each.join(', ')}`)
  }

  const failing = (ha?.services ?? []).filter(({state}) => state === 'error' || state === 'fence')
  if (failing.length > 0)
    remarks.push(`high availability has trouble with ${failing.map(({id, state}) => `${id} (${state})`).join(', ')}`)
  if (ceph !== undefined && ceph !== 'HEALTH_OK') remarks.push(`Ceph says ${ceph}`)
  return remarks
}
