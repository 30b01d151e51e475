import type {Result, ResultAsync} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import type {Failure} from '../domain/failure.js'
import type {GuestOptions} from '../domain/guest-options.js'
import type {NativeLine} from '../domain/native-command.js'
import type {TaskReport} from '../domain/task.js'
import type {GuestSource, PlacementReport} from './guest-create-report.js'
import type {NamedGuest} from './guest-create-request.js'
import type {Finish, FinishStep} from './guest-finish-service.js'
import type {Patience} from './patience.js'

export interface MakingManner {
  /** False: done once the creation's task is under way; the report then only has its UPID. */
  readonly wait: boolean
  /** Called once the server has accepted it there. */
  readonly onPlaced: (placement: PlacementReport) => void
}

/** A guest that is there now, and what is still to be done to it. */
export interface MadeGuest {
  readonly vmid: number
  readonly node: string
  readonly placement: PlacementReport
  readonly source: GuestSource
  readonly task: TaskReport
  readonly steps: readonly FinishStep[]
  readonly finish: Finish
}

/** A guest that has found its node; nothing has been changed yet. */
export interface PlacedGuest extends NamedGuest {
  readonly node: string
  readonly placement: PlacementReport
  readonly source: GuestSource
  readonly memoryBytes: number
  /** In words, for a plan: what comes before the creation, itself, and what comes after it. */
  readonly before: readonly string[]
  readonly making: string
  readonly after: readonly string[]
  readonly parameters: GuestOptions
  readonly warnings: readonly string[]
  /** The same as lines of Proxmox VE's own tools. */
  native(vmid: number): NativeLine[]
  make(patience: Patience, manner: MakingManner): Promise<Result<MadeGuest, Failure>>
}

/** A request whose source was found and whose contradictions were refused. */
export interface PreparedGuests {
  /**
   * Finds a node for one of the guests.
   * @param careful also looks for what otherwise the server itself would refuse later
   */
  place(guest: NamedGuest, resources: ClusterResources, careful: boolean): ResultAsync<PlacedGuest, Failure>
}

/** Knows one kind of source. Sends GET requests only, until `PlacedGuest.make`. */
export interface GuestMaker<R> {
  prepare(request: R, resources: ClusterResources): ResultAsync<PreparedGuests, Failure>
}
