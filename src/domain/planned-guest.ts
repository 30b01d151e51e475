import type {ClusterResources} from './cluster.js'

/** A guest that is to be made, for whoever is placed after it. */
export interface PlannedGuest {
  readonly name: string
  readonly node: string
  readonly memoryBytes: number
}

/** The cluster as it will be: the guest counts on its node, and so does its memory. */
export function withPlanned(resources: ClusterResources, {memoryBytes, name, node}: PlannedGuest): ClusterResources {
  return {
    ...resources,
    nodes: resources.nodes.map((one) =>
      one.node === node && one.memoryUsedBytes !== undefined
        ? {...one, memoryUsedBytes: one.memoryUsedBytes + memoryBytes}
        : one,
    ),
    guests: [
      ...resources.guests,
      {vmid: 0, name, type: 'qemu', node, status: 'stopped', template: false, tags: [], memoryBytes},
    ],
  }
}
