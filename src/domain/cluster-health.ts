import type {ClusterResources} from './cluster.js'
import {byVmid, type Guest} from './guest.js'
import {naturalOrder} from './natural-order.js'
import type {ClusterNode} from './node.js'

/** A line of the cluster's log. */
export interface ClusterLogEntry {
  readonly time: string
  readonly node: string
  readonly user: string
  /** Which program wrote it. */
  readonly service: string
  /** syslog's words: `info`, `err`, … */
  readonly severity: string
  readonly message: string
}

export interface HaStatus {
  readonly quorate: boolean
  /** Who decides; absent while nothing is managed. */
  readonly master?: string
  /** What the manager has in its care. */
  readonly services: readonly {readonly id: string; readonly node: string; readonly state: string}[]
}

/** Anything the cluster has, in one list. */
export interface ClusterResource {
  readonly id: string
  readonly type: 'lxc' | 'node' | 'qemu' | 'storage'
  readonly name?: string
  readonly node: string
  readonly status: string
  readonly cpuUsage?: number
  readonly memoryUsedBytes?: number
  readonly memoryBytes?: number
  readonly diskUsedBytes?: number
  readonly diskBytes?: number
  readonly uptimeSeconds?: number
}

/** Guests by VMID, then nodes, then storages, under the ids that Proxmox VE gives them. */
export function resourceList({guests, nodes, storages}: ClusterResources): ClusterResource[] {
  return [
    ...[...guests].sort(byVmid).map((guest) => {
      const {name, node, status, type, vmid} = guest
      return known({id: `${type}/${vmid}`, type, name, node, status, ...figuresOf(guest)})
    }),
    ...[...nodes]
      .sort((a, b) => naturalOrder(a.node, b.node))
      .map((one) => {
        const {node, status} = one
        return known({id: `node/${node}`, type: 'node', name: node, node, status, ...figuresOf(one)})
      }),
    ...[...storages]
      .sort((a, b) => naturalOrder(a.storage, b.storage) || naturalOrder(a.node, b.node))
      .map(({available, node, storage, totalBytes, usedBytes}) =>
        known({
          id: `storage/${node}/${storage}`,
          type: 'storage',
          name: storage,
          node,
          status: available ? 'available' : 'unknown',
          diskUsedBytes: usedBytes,
          diskBytes: totalBytes,
        }),
      ),
  ]
}

type Loose = {[K in keyof ClusterResource]: ClusterResource[K] | undefined}

function figuresOf({
  cpuUsage,
  diskBytes,
  diskUsedBytes,
  memoryBytes,
  memoryUsedBytes,
  uptimeSeconds,
}: ClusterNode | Guest) {
  return {cpuUsage, memoryUsedBytes, memoryBytes, diskUsedBytes, diskBytes, uptimeSeconds}
}

/** Without what Proxmox VE did not report. */
function known(row: Loose): ClusterResource {
  return Object.fromEntries(
    Object.entries(row).filter(([, value]) => value !== undefined),
  ) as unknown as ClusterResource
}
