import {errAsync, okAsync, ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {naturalOrder} from '../domain/natural-order.js'
import type {ClusterNode} from '../domain/node.js'
import type {PhysicalDisk} from '../domain/physical-disk.js'
import {closest} from '../domain/suggest.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {PhysicalDiskRepository} from '../repositories/physical-disk-repository.js'
import {fanOut} from './fan-out.js'

export interface DiskListing {
  readonly disks: PhysicalDisk[]
  /** Of nodes that could not be asked. */
  readonly failed: readonly Failure[]
}

/** The disks of nodes. */
export class PhysicalDiskService {
  constructor(
    private readonly disks: PhysicalDiskRepository,
    private readonly cluster: ClusterRepository,
  ) {}

  /**
   * By node and device.
   * @param names of nodes; none: all of them
   */
  list(
    names: readonly string[],
    {parallel, signal}: {readonly parallel: number; readonly signal?: AbortSignal},
  ): ResultAsync<DiskListing, Failure> {
    return this.cluster.resources('node').andThen(({nodes}) => {
      const unknown = names.find((name) => !nodes.some(({node}) => node === name))
      if (unknown !== undefined) return errAsync(noNode(unknown, nodes))
      const targets = nodes
        .filter(({node}) => names.length === 0 || names.includes(node))
        .sort((a, b) => naturalOrder(a.node, b.node))
      return ResultAsync.fromSafePromise(
        fanOut(
          targets,
          ({node}) => node,
          ({node, status}) => (status === 'offline' ? errAsync(offline(node)) : this.disks.list(node)),
          {parallel, failFast: false, ...(signal && {signal})},
        ),
      ).andThen((done) => {
        const failed = done.flatMap((result) => (result.ok ? [] : [result.error]))
        if (failed.length === done.length && failed[0] !== undefined) return errAsync(failed[0])
        const disks = done.flatMap((result) =>
          result.ok ? [...result.value].sort((a, b) => naturalOrder(a.device, b.device)) : [],
        )
        return okAsync({disks, failed})
      })
    })
  }
}

function offline(node: string): Failure {
  return failure('node-offline', `node ${node} is offline, its disks are not known`, {
    hint: 'See who is online: homelab proxmox cluster status',
    details: {node},
  })
}

function noNode(name: string, nodes: readonly ClusterNode[]): Failure {
  const names = nodes.map(({node}) => node).sort(naturalOrder)
  const near = closest(name, names)
  return failure('not-found', `there is no node "${name}"`, {
    hint: `${near === undefined ? '' : `Did you mean "${near}"? `}The nodes are: ${names.join(', ')}`,
    details: {node: name},
  })
}
