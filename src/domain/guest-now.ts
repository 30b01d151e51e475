/** What a guest does at this moment, as its own node knows it (`GET …/status/current`). What Proxmox did not report is absent. */
export interface GuestNow {
  /** `running`, `stopped`, or QEMU's own word: `paused`, `prelaunch`, `postmigrate` … */
  readonly status: string
  readonly template: boolean
  readonly haManaged: boolean
  /** Why nothing may change it now: `backup`, `migrate` … */
  readonly lock?: string
  /** Whether the configuration says that an agent answers; absent for containers. */
  readonly agentEnabled?: boolean
  readonly cpus?: number
  /** Share of its own CPUs in use, 0..1. */
  readonly cpuUsage?: number
  readonly memoryBytes?: number
  readonly memoryUsedBytes?: number
  /** What it takes of the node's memory, overhead included; VMs on 9.x. */
  readonly memoryHostBytes?: number
  readonly diskBytes?: number
  /** Containers only: nobody knows how full a VM's disk is. */
  readonly diskUsedBytes?: number
  readonly uptimeSeconds?: number
}

/** Averages over one step of a guest's history; a point where nothing was measured has its time alone. */
export interface UsagePoint {
  /** ISO 8601 UTC; the end of the step. */
  readonly time: string
  readonly cpuUsage?: number
  readonly memoryUsedBytes?: number
  readonly diskUsedBytes?: number
  readonly netInBytesPerSecond?: number
  readonly netOutBytesPerSecond?: number
  readonly diskReadBytesPerSecond?: number
  readonly diskWriteBytesPerSecond?: number
}

/** How far a guest's history goes back; `decade` exists for nodes alone (reference 2.10). */
export const HISTORY_SPANS = ['hour', 'day', 'week', 'month', 'year'] as const
export type HistorySpan = (typeof HISTORY_SPANS)[number]
