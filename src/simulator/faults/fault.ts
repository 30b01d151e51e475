/** When, counted over the requests or tasks that match: the `nth` first (default 1), and so many from there on (default 1). */
export interface Occurrences {
  readonly nth?: number
  readonly times?: number | 'always'
}

/** Which requests. What is left out matches everything. */
export interface RequestMatch {
  readonly method?: string
  /** Below `/api2/json`: `*` or `{name}` is one segment, `**` any number of them, `*` inside a segment any text. */
  readonly path?: string
  /** The node that was asked. */
  readonly node?: string
}

/** `before`: the request is not acted on; `after`: it is, and the client is not told. */
export type Moment = 'after' | 'before'

/** Which tasks. What is left out matches everything. */
export interface TaskMatch {
  /** `qmclone` */
  readonly type?: string
  readonly vmid?: number
  /** The executing node. */
  readonly node?: string
}

/** Something that goes wrong with requests. */
export type RequestFault = Occurrences &
  RequestMatch &
  (
    | {readonly kind: 'fail'; readonly status?: number; readonly text?: string; readonly when?: Moment}
    | {readonly kind: 'drop'; readonly when?: Moment}
    /** Real seconds, whatever the speed; on a stepped clock virtual ones. */
    | {readonly kind: 'delay'; readonly seconds: number; readonly when?: Moment}
    | {readonly kind: 'truncate'}
  )

/** Something that goes wrong with tasks: at the first thing they would spend time on. */
export type TaskFaultSpec = Occurrences &
  TaskMatch &
  (
    | {readonly kind: 'task-fail'; readonly text?: string}
    | {readonly kind: 'task-hang'}
    | {readonly kind: 'task-warn'; readonly text?: string}
  )

/** Something that is wrong with the cluster until the fault is cleared. */
export type ClusterFault =
  | {readonly kind: 'lock'; readonly vmid: number; readonly lock?: string}
  /** On every node that has the storage, or on one. */
  | {readonly kind: 'storage-full'; readonly storage: string; readonly node?: string; readonly freeBytes?: number}
  | {readonly kind: 'node-offline'; readonly node: string}
  /** The node runs, and its API does not. */
  | {readonly kind: 'api-down'; readonly node: string}
  /** The node's API answers what needs no privileges on it, and nothing else. */
  | {readonly kind: 'daemon-down'; readonly node: string}
  /** One node is cut off from the others, or every node from every other. */
  | {readonly kind: 'no-quorum'; readonly node?: string}
  /** Another certificate than before, on one node or on all. */
  | {readonly kind: 'certificate'; readonly node?: string}

/** What happens at once and leaves nothing to clear. */
export type FaultEvent =
  | {readonly kind: 'tickets-expired'}
  /** A node that lost its power gets it back, whoever took it. */
  | {readonly kind: 'node-online'; readonly node: string}

export type FaultSpec = ClusterFault | FaultEvent | RequestFault | TaskFaultSpec
export type FaultKind = FaultSpec['kind']

/** A fault as it is listed. */
export interface ActiveFault {
  /** `f1`, `f2`, … */
  readonly id: string
  readonly spec: FaultSpec
  /** Requests or tasks that matched so far; absent where nothing is counted. */
  readonly matched?: number
  /** How many of them it hit. */
  readonly hits?: number
  /** `armed`: it will hit again; `spent`: it has hit as often as it should; `active`: the cluster is in that state; `done`: it has happened. */
  readonly state: 'active' | 'armed' | 'done' | 'spent'
}

/** A fault that is not possible, with the reason. */
export class FaultError extends Error {
  override readonly name = 'FaultError'

  constructor(
    readonly kind: 'not-found' | 'refused' | 'usage',
    message: string,
  ) {
    super(message)
  }
}
