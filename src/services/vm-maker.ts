import type {Result, ResultAsync} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import type {Failure} from '../domain/failure.js'
import type {NativeLine} from '../domain/native-command.js'
import type {TaskReport} from '../domain/task.js'
import type {VmOptions} from '../domain/vm-hardware.js'
import type {Patience} from './patience.js'
import type {PlacementReport, VmSource} from './vm-create-report.js'
import type {VmCreateRequest} from './vm-create-request.js'
import type {Finish, FinishStep} from './vm-finish-service.js'

export interface MakingManner {
  /** False: done once the creation's task is under way; the report then only has its UPID. */
  readonly wait: boolean
  /** Called once the server has accepted it there. */
  readonly onPlaced: (placement: PlacementReport) => void
}

/** A VM that is there now, and what is still to be done to it. */
export interface MadeVm {
  readonly vmid: number
  readonly node: string
  readonly placement: PlacementReport
  readonly source: VmSource
  readonly task: TaskReport
  readonly steps: readonly FinishStep[]
  readonly finish: Finish
}

/** A VM that has found its node; nothing has been changed yet. */
export interface PlacedVm {
  readonly name: string
  readonly vmid?: number
  readonly node: string
  readonly placement: PlacementReport
  readonly source: VmSource
  readonly memoryBytes: number
  /** In words, for a plan: what comes before the creation, itself, and what comes after it. */
  readonly before: readonly string[]
  readonly making: string
  readonly after: readonly string[]
  readonly parameters: VmOptions
  readonly warnings: readonly string[]
  /** The same as lines of Proxmox VE's own tools. */
  native(vmid: number): NativeLine[]
  make(patience: Patience, manner: MakingManner): Promise<Result<MadeVm, Failure>>
}

/** A request whose source was found and whose contradictions were refused. */
export interface PreparedVms {
  /**
   * Finds a node for one of the VMs.
   * @param careful also looks for what otherwise the server itself would refuse later
   */
  place(
    vm: {readonly name: string; readonly vmid?: number},
    resources: ClusterResources,
    careful: boolean,
  ): ResultAsync<PlacedVm, Failure>
}

/** Knows one kind of source. Sends GET requests only, until `PlacedVm.make`. */
export interface VmMaker {
  prepare(request: VmCreateRequest, resources: ClusterResources): ResultAsync<PreparedVms, Failure>
}
