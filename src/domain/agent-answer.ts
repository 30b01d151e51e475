/** What the agent in a VM answers, in our words; what it did not tell is absent. */
export interface AgentAnswers {
  readonly 'get-fsinfo': readonly GuestFileSystem[]
  readonly 'get-host-name': {readonly hostname: string}
  readonly 'get-osinfo': GuestOs
  /** Milliseconds since 1970. */
  readonly 'get-time': {readonly timeMs: number}
  readonly 'get-timezone': {readonly zone?: string; readonly offsetSeconds: number}
  readonly 'get-users': readonly GuestUser[]
  readonly 'get-vcpus': readonly GuestCpu[]
  readonly info: AgentInfo
}

/** Questions without parameters. */
export type AgentQuestion = keyof AgentAnswers

/** Orders without parameters. */
export type AgentOrder = 'fsfreeze-freeze' | 'fsfreeze-status' | 'fsfreeze-thaw' | 'fstrim' | 'ping' | 'shutdown'

export interface GuestFileSystem {
  /** The device, `sda1`. */
  readonly name: string
  readonly mountpoint: string
  readonly type: string
  readonly totalBytes?: number
  readonly usedBytes?: number
  /** The disks it lies on, `/dev/sda`. */
  readonly disks: readonly string[]
}

export interface GuestOs {
  readonly id?: string
  readonly name?: string
  readonly prettyName?: string
  readonly version?: string
  readonly versionId?: string
  readonly variant?: string
  readonly machine?: string
  readonly kernelRelease?: string
  readonly kernelVersion?: string
}

export interface GuestUser {
  readonly user: string
  /** Of Windows. */
  readonly domain?: string
  /** ISO 8601, UTC. */
  readonly loginTime?: string
}

export interface GuestCpu {
  readonly id: number
  readonly online: boolean
  readonly canOffline: boolean
}

export interface AgentInfo {
  readonly version: string
  /** The commands it obeys, and those that its configuration forbids, without `guest-`. */
  readonly enabled: readonly string[]
  readonly disabled: readonly string[]
}

/** What was trimmed of one file system; `error` instead where it cannot be. */
export interface TrimmedPath {
  readonly path: string
  readonly trimmedBytes?: number
  readonly error?: string
}
