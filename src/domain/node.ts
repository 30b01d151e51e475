/** `unknown`: the node is back, but has not sent its first figures yet (cluster facts, rejoin). */
export type NodeStatus = 'offline' | 'online' | 'unknown'

/** A cluster member with what it last reported; an offline node loses its figures. */
export interface ClusterNode {
  readonly node: string
  readonly status: NodeStatus
  readonly cpus?: number
  /** 0..1 */
  readonly cpuUsage?: number
  readonly memoryBytes?: number
  readonly memoryUsedBytes?: number
  readonly diskBytes?: number
  readonly diskUsedBytes?: number
  readonly uptimeSeconds?: number
  readonly haState?: string
}

/** Why a node takes no guest at all; undefined where nothing speaks against it. */
export function nodeObstacle({haState, status}: ClusterNode): string | undefined {
  if (status !== 'online') return status === 'offline' ? 'offline' : 'reports no figures yet'
  return haState === 'maintenance' ? 'in maintenance' : undefined
}
