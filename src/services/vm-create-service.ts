import {err, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {creationOn} from '../domain/creation-layers.js'
import {failure, type Failure} from '../domain/failure.js'
import {checkGuestName} from '../domain/guest-name.js'
import type {NativeLine} from '../domain/native-command.js'
import {nameWarnings, vmidTaken} from '../domain/new-guest.js'
import {checkNamesFree, numberedNames} from '../domain/numbered-names.js'
import {withPlanned} from '../domain/planned-guest.js'
import {checkVmid} from '../domain/vmid.js'
import {checkHardware} from '../domain/vm-hardware.js'
import {checkConditions, judgeByStatus} from '../domain/wait-condition.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {fanOut, type FanOut, type TargetResult} from './fan-out.js'
import type {Patience} from './patience.js'
import type {ReleaseGate} from './release-gate.js'
import type {CreatedVm, PlacementReport, VmCreatePlan, VmCreateStarted} from './vm-create-report.js'
import type {VmCreateRequest} from './vm-create-request.js'
import type {VmFinishService} from './vm-finish-service.js'
import type {PlacedVm, PreparedVms, VmMaker} from './vm-maker.js'

/** Hears where a VM goes once the server has accepted it there. */
export type OnPlaced = (placement: PlacementReport, name: string) => void

/** `vm create`: a source, a place, a VMID of its own, the VM, and what was asked on top. */
export class VmCreateService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly fromTemplates: VmMaker,
    private readonly fromNothing: VmMaker,
    private readonly finisher: VmFinishService,
    private readonly releases: ReleaseGate,
  ) {}

  /**
   * Everything that can be known and refused from GET requests: names, VMIDs, source, devices, and room for all of them.
   * @param count how many, with numbered names; undefined: one, called as it was asked for
   * @param careful also looks for what otherwise the server itself would refuse later; several VMs always get that look
   */
  prepare(request: VmCreateRequest, count?: number, careful = false): ResultAsync<PlacedVm[], Failure> {
    return checkRequest(request)
      .andThen(() =>
        count === undefined ? checkGuestName(request.name).map((name) => [name]) : numberedNames(request.name, count),
      )
      .asyncAndThen((names) => this.checkRelease(request).map(() => names))
      .andThen((names) =>
        this.cluster.resources().andThen((resources) =>
          checkFree(request, names, resources, count !== undefined).asyncAndThen(() => {
            const maker = request.source.kind === 'template' ? this.fromTemplates : this.fromNothing
            return maker
              .prepare(request, resources)
              .andThen(
                (prepared) =>
                  new ResultAsync(placeAll(prepared, request, names, resources, careful || count !== undefined)),
              )
          }),
        ),
      )
  }

  /** What the server's release does not have, before anything is sent. */
  private checkRelease({cloudInit}: VmCreateRequest): ResultAsync<void, Failure> {
    return cloudInit.upgrade === undefined
      ? okAsync(undefined)
      : this.releases.require('--upgrade', '8.0', 'Leave it out, or say it in a file of your own: --cicustom')
  }

  /** Waits for everything. `onPlaced` hears the decision once the server has accepted it. */
  create(request: VmCreateRequest, patience: Patience, onPlaced: OnPlaced): ResultAsync<CreatedVm, Failure> {
    return this.prepare(request).andThen(([vm]) => new ResultAsync(this.run(vm as PlacedVm, patience, onPlaced)))
  }

  /** Several alike, a few at a time; nothing is made before there is room for all of them. */
  createSeveral(
    request: VmCreateRequest,
    count: number,
    patience: () => Patience,
    onPlaced: OnPlaced,
    manner: FanOut,
  ): ResultAsync<TargetResult<CreatedVm>[], Failure> {
    return this.prepare(request, count).map((vms) =>
      fanOut(
        vms,
        ({name}) => name,
        (vm) => this.run(vm, patience(), onPlaced),
        manner,
      ),
    )
  }

  /** Ends once the creation is under way. Refuses requests whose other steps nobody would be there for. */
  begin(request: VmCreateRequest, patience: Patience, onPlaced: OnPlaced): ResultAsync<VmCreateStarted, Failure> {
    return this.prepare(request).andThen(([vm]) => new ResultAsync(this.start(vm as PlacedVm, patience, onPlaced)))
  }

  /** The plans alone; sends only GET requests. */
  plan(request: VmCreateRequest, count?: number): ResultAsync<VmCreatePlan[], Failure> {
    return this.withVmids(request, count).map((planned) =>
      planned.map(({vm, vmid}): VmCreatePlan => ({
        dryRun: true,
        vmid,
        name: vm.name,
        type: 'qemu',
        node: vm.node,
        source: vm.source,
        placement: vm.placement,
        steps: [...vm.before, vm.making, ...vm.after],
        parameters: vm.parameters,
        ...(vm.warnings.length > 0 && {warnings: vm.warnings}),
      })),
    )
  }

  /** What does the same in shells on the nodes; sends only GET requests. */
  native(request: VmCreateRequest, count?: number): ResultAsync<NativeLine[], Failure> {
    return this.withVmids(request, count).map((planned) => planned.flatMap(({vm, vmid}) => vm.native(vmid)))
  }

  /** The VMIDs that would be used if nobody else took them meanwhile. */
  private withVmids(
    request: VmCreateRequest,
    count: number | undefined,
  ): ResultAsync<{vm: PlacedVm; vmid: number}[], Failure> {
    return this.prepare(request, count, true).andThen((vms) =>
      this.cluster.nextId().andThen((first) =>
        this.cluster.resources('vm').map(({guests}) => {
          const used = new Set(guests.map(({vmid}) => vmid))
          let next = first
          return vms.map((vm) => {
            if (vm.vmid !== undefined) return {vm, vmid: vm.vmid}
            while (used.has(next)) next++
            used.add(next)
            return {vm, vmid: next}
          })
        }),
      ),
    )
  }

  private async run(vm: PlacedVm, patience: Patience, onPlaced: OnPlaced): Promise<Result<CreatedVm, Failure>> {
    const made = await vm.make(patience, {wait: true, onPlaced: (placement) => onPlaced(placement, vm.name)})
    if (made.isErr()) return err(made.error)
    const {finish, node, placement, source, task, vmid} = made.value
    const guest = {vmid, name: vm.name, type: 'qemu' as const, node}
    const kind = source.kind === 'template' ? ('clone' as const) : ('create' as const)
    const finished = await this.finisher.finish({...guest, made: kind}, finish, patience)
    if (finished.isErr()) return err(finished.error)
    const steps = [...made.value.steps, ...finished.value.steps]
    const warnings = [...vm.warnings, ...finished.value.warnings]
    return ok({
      ...guest,
      status: finished.value.status,
      source,
      placement,
      task,
      ...(steps.length > 0 && {steps}),
      ...(warnings.length > 0 && {warnings}),
    })
  }

  private async start(vm: PlacedVm, patience: Patience, onPlaced: OnPlaced): Promise<Result<VmCreateStarted, Failure>> {
    const rest = [...vm.before, ...vm.after]
    if (rest.length > 0) {
      const what = vm.source.kind === 'template' ? 'clone' : 'creation'
      return err(
        failure('usage', `--no-wait cannot be combined with what comes beside the ${what}: ${rest.join(', ')}`, {
          hint: `Wait for the ${what} (leave --no-wait out), or do the rest later with homelab proxmox vm commands`,
        }),
      )
    }

    const begun = await vm.make(patience, {wait: false, onPlaced: (placement) => onPlaced(placement, vm.name)})
    return begun.map(({node, placement, source, task, vmid}) => ({
      vmid,
      name: vm.name,
      type: 'qemu' as const,
      node,
      source,
      placement,
      upid: task.upid,
      ...(vm.warnings.length > 0 && {warnings: vm.warnings}),
    }))
  }
}

/** What the request itself shows to be wrong. */
function checkRequest(request: VmCreateRequest): Result<void, Failure> {
  const {hardware, layers, source, start, vmid, waitFor} = request
  return (vmid === undefined ? ok<number, Failure>(0) : checkVmid(vmid))
    .andThen(() => checkHardware(hardware, creationOn(undefined, layers)))
    .andThen(() => checkConditions(waitFor, 'qemu', false))
    .andThen(() => {
      if (waitFor.length === 0) return ok(undefined)
      if (!start) {
        return err(
          failure('usage', '--wait-for is about a VM that was started', {
            hint: 'Add --start',
            details: {field: 'wait-for'},
          }),
        )
      }

      // A template may have switched it on.
      const agentEnabled = source.kind === 'template' ? hardware.agent : (hardware.agent ?? false)
      const now = {
        status: 'running',
        template: false,
        haManaged: false,
        ...(agentEnabled !== undefined && {agentEnabled}),
      }
      const hopeless = waitFor.find((condition) => judgeByStatus(condition, now)?.state === 'impossible')
      return hopeless === undefined
        ? ok(undefined)
        : err(
            failure(
              'usage',
              `--wait-for ${hopeless.text} needs the guest agent, and a new VM has none unless asked for`,
              {
                hint: 'Add --agent, if what is on the disk brings one along; or wait for something else',
                details: {field: 'wait-for', value: hopeless.text},
              },
            ),
          )
    })
}

/** Names of several must be free, for they are told apart by them; and so must every VMID that was asked for. */
function checkFree(
  {vmid}: VmCreateRequest,
  names: readonly string[],
  {guests}: ClusterResources,
  several: boolean,
): Result<void, Failure> {
  for (const index of names.keys()) {
    const taken = vmidTaken(vmid === undefined ? undefined : vmid + index, guests)
    if (taken !== undefined) return err(taken)
  }

  return several ? checkNamesFree(names, guests) : ok(undefined)
}

/** One after the other, each as if those before it were there already. */
async function placeAll(
  prepared: PreparedVms,
  {vmid: first}: VmCreateRequest,
  names: readonly string[],
  resources: ClusterResources,
  careful: boolean,
): Promise<Result<PlacedVm[], Failure>> {
  const vms: PlacedVm[] = []
  let seen = resources
  for (const [index, name] of names.entries()) {
    const vm = {name, ...(first !== undefined && {vmid: first + index})}
    const placed = await prepared.place(vm, seen, careful)
    if (placed.isErr()) {
      const {message} = placed.error
      return err(
        index === 0
          ? placed.error
          : {...placed.error, message: `there is room for ${index} of ${names.length} only: ${message}`},
      )
    }

    const warnings = [...nameWarnings(name, resources.guests), ...placed.value.warnings]
    vms.push({...placed.value, warnings})
    seen = withPlanned(seen, placed.value)
  }

  return ok(vms)
}
