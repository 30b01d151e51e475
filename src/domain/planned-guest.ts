import type {ClusterResources} from './cluster.js'

/** A guest that is to be made, for whoever is placed after it. */
export interface PlannedGuest {
  readonly name: string
  readonly node: string
  readonly memoryBytes: number
  /** The one it will get, where that is known. */
  readonly vmid?: number
}

/** The cluster as it will be: the guest runs on its node, and takes all its memory there. Its number is one that no guest can have, where nobody knows it yet. */
export function withPlanned(
  resources: ClusterResources,
  {memoryBytes, name, node, vmid}: PlannedGuest,
): ClusterResources {
  return {
    ...resources,
    nodes: resources.nodes.map((one) =>
      one.node === node && one.memoryUsedBytes !== undefined
        ? {...one, memoryUsedBytes: one.memoryUsedBytes + memoryBytes}
        : one,
    ),
    guests: [
      ...resources.guests,
      {
        vmid: vmid ?? Math.min(0, ...resources.guests.map((guest) => guest.vmid)) - 1,
        name,
        type: 'qemu',
        node,
        status: 'running',
        template: false,
        tags: [],
        memoryBytes,
      },
    ],
  }
}
