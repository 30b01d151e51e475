declare module '../kernel/state.js' {
  interface State {
    /** By node: what its local resource manager last said. */
    haLrm: LrmRecord
    /** One record, `manager`: what the master of the cluster resource managers last wrote. */
    haManager: ManagerRecord
    /** One record, `queue`: requests the master has not read yet. */
    haQueue: QueueRecord
  }
}

export type ServiceState =
  | 'error'
  | 'fence'
  | 'freeze'
  | 'migrate'
  | 'recovery'
  | 'relocate'
  | 'request_start'
  | 'request_stop'
  | 'started'
  | 'stopped'

/** How the cluster resource manager sees a service. */
export interface ServiceRecord {
  readonly state: ServiceState
  readonly node: string
  /** Changes with each order to the local resource manager. */
  readonly uid: string
  /** Of a migration. */
  readonly target?: string
  /** Of a stop: seconds the guest has to shut down, 0 pulls the plug. */
  readonly timeout?: number
  /** The local resource manager has reported that it runs. */
  readonly running?: 1
  /** Failed starts on this node, and nodes already tried. */
  readonly failures?: number
  readonly relocations?: number
}

export type NodeState = 'fence' | 'gone' | 'maintenance' | 'online' | 'unknown'

export interface ManagerRecord {
  readonly masterNode: string
  /** Epoch seconds of the last round. */
  readonly timestamp: number
  readonly nodes: {readonly [node: string]: NodeState}
  /** Epoch seconds at which each node was last online. */
  readonly seen: {readonly [node: string]: number}
  readonly services: {readonly [sid: string]: ServiceRecord}
}

export interface LrmResult {
  readonly sid: string
  readonly state: ServiceState
  readonly exit_code: number
}

export interface LrmRecord {
  readonly state: 'active' | 'lost_agent_lock' | 'wait_for_agent_lock'
  readonly mode: 'active'
  /** Epoch seconds of the last round. */
  readonly timestamp: number
  /** By the uid of the order. */
  readonly results: {readonly [uid: string]: LrmResult}
}

/** `migrate vm:100 n3` or `stop vm:100 0`, as the command line queues it. */
export interface QueueRecord {
  readonly commands: readonly string[]
}
