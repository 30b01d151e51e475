/** What a node tells about itself. What Proxmox VE did not report is absent. */
export interface NodeDetails {
  readonly node: string
  /** Of Proxmox VE, as `8.4.1`. */
  readonly version?: string
  readonly kernel?: string
  readonly bootMode?: string
  readonly secureBoot?: boolean
  readonly cpuModel?: string
  readonly cpuSockets?: number
  readonly cpuCores?: number
  /** Threads. */
  readonly cpus?: number
  /** 0..1 */
  readonly cpuUsage?: number
  /** Share of the time that the CPUs wait for disks, 0..1. */
  readonly ioWait?: number
  /** 1, 5 and 15 minutes. */
  readonly loadAverage?: readonly number[]
  readonly memoryBytes?: number
  readonly memoryUsedBytes?: number
  readonly swapBytes?: number
  readonly swapUsedBytes?: number
  /** The node's own file system. */
  readonly rootBytes?: number
  readonly rootUsedBytes?: number
  readonly uptimeSeconds?: number
}

export interface NodeService {
  readonly service: string
  readonly description?: string
  /** `running`, `dead`, … */
  readonly state: string
  /** systemd's words. */
  readonly activeState?: string
  /** `enabled`, `disabled`, `masked`, `not-found`. */
  readonly unitState?: string
}

export interface NodeUpdate {
  readonly node: string
  readonly package: string
  readonly title?: string
  readonly installedVersion?: string
  readonly version: string
  readonly origin?: string
  readonly section?: string
  readonly priority?: string
}

export interface NodeCertificate {
  readonly node: string
  readonly file: string
  readonly subject?: string
  readonly issuer?: string
  readonly names?: readonly string[]
  /** SHA-256. */
  readonly fingerprint?: string
  readonly notBefore?: string
  readonly notAfter?: string
  readonly keyType?: string
  readonly keyBits?: number
  /** Negative once it has expired. */
  readonly daysLeft?: number
}

export interface NodeTime {
  readonly node: string
  readonly timezone: string
  /** ISO 8601 UTC, whole seconds. */
  readonly time: string
  /** How far the node's wall clock is ahead of UTC. */
  readonly utcOffsetSeconds: number
  /** How far its clock is ahead of this machine's, give or take a second; absent where that was not measured. */
  readonly clockOffsetSeconds?: number
}

export interface Subscription {
  readonly node: string
  /** `active`, `notfound`, `expired`, … */
  readonly status: string
  readonly level?: string
  readonly productName?: string
  readonly message?: string
  readonly nextDueDate?: string
  readonly serverId?: string
  readonly sockets?: number
}

/** A point of a node's history; figures of a gap are absent. */
export interface NodeUsagePoint {
  readonly time: string
  readonly cpuUsage?: number
  readonly ioWait?: number
  readonly loadAverage?: number
  readonly memoryUsedBytes?: number
  readonly swapUsedBytes?: number
  readonly rootUsedBytes?: number
  readonly netInBytesPerSecond?: number
  readonly netOutBytesPerSecond?: number
}

/** Clocks that differ by more than this disturb the cluster's own protocols (corosync, HA, Ceph). */
export const CLOCK_TOLERANCE_SECONDS = 2

/**
 * How far a clock is ahead of ours, to the nearest second: the answer's time lies between the moments of asking and of hearing, and has lost its fraction.
 * @param asked moment of asking, in ms since 1970
 * @param heard moment of the answer
 */
export function clockOffset(time: string, asked: number, heard: number): number {
  return Math.round((Date.parse(time) + 500 - (asked + heard) / 2) / 1000)
}
