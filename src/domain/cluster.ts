import type {Guest} from './guest.js'
import type {ClusterNode} from './node.js'
import type {NodeStorage} from './storage.js'

/** One answer of `/cluster/resources`, sorted out by kind. Only what the caller may see is in it. */
export interface ClusterResources {
  readonly nodes: readonly ClusterNode[]
  readonly guests: readonly Guest[]
  readonly storages: readonly NodeStorage[]
}

/** A member as `/cluster/status` knows it. */
export interface ClusterMember {
  readonly node: string
  readonly online: boolean
  readonly nodeId?: number
  readonly ip?: string
}

/** What `/cluster/status` says. `cluster` is absent on a server that stands alone. */
export interface ClusterStatus {
  readonly cluster?: {
    readonly name: string
    readonly quorate: boolean
    readonly nodeCount: number
    readonly configVersion: number
  }
  readonly members: readonly ClusterMember[]
}
