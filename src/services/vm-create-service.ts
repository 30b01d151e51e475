import {err, errAsync, ok, ResultAsync, type Result} from 'neverthrow'

import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {checkGuestName} from '../domain/guest-name.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {nameWarnings, vmidTaken} from '../domain/new-guest.js'
import {formatSize} from '../domain/size.js'
import {diskStorages} from '../domain/vm-disks.js'
import {checkVmid} from '../domain/vmid.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {CloneService} from './clone-service.js'
import {findTemplate} from './find-template.js'
import type {Patience} from './patience.js'
import type {Visibility} from './visibility.js'
import {
  placementReport,
  sourceOf,
  type CreatedVm,
  type PlacementReport,
  type VmCreatePlan,
  type VmCreateStarted,
} from './vm-create-report.js'
import {finishOf, laterSteps, wishOf, type VmCreateRequest} from './vm-create-request.js'
import type {VmFinishService} from './vm-finish-service.js'
import {place, type Prepared} from './vm-placement.js'

const MIB = 2 ** 20

/** `vm create NAME TEMPLATE`: placement, a VMID of its own, the clone, and what was asked on top. */
export class VmCreateService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly guests: GuestRepository,
    private readonly visibility: Visibility,
    private readonly clones: CloneService,
    private readonly finisher: VmFinishService,
  ) {}

  /** Waits for everything. `onPlaced` hears the decision once the server has accepted it. */
  create(
    request: VmCreateRequest,
    patience: Patience,
    onPlaced: (placement: PlacementReport) => void,
  ): ResultAsync<CreatedVm, Failure> {
    return this.prepare(request).andThen((prepared) => new ResultAsync(this.run(prepared, patience, onPlaced)))
  }

  /** Ends once the clone is under way. Refuses requests whose later steps nobody would be there for. */
  begin(
    request: VmCreateRequest,
    patience: Patience,
    onPlaced: (placement: PlacementReport) => void,
  ): ResultAsync<VmCreateStarted, Failure> {
    return this.prepare(request).andThen((prepared) => new ResultAsync(this.start(prepared, patience, onPlaced)))
  }

  /** The plan alone; sends only GET requests. */
  plan(request: VmCreateRequest): ResultAsync<VmCreatePlan, Failure> {
    return this.prepare(request).andThen((prepared) => new ResultAsync(this.describe(prepared)))
  }

  /** Everything that can be known and refused from one look at the cluster. */
  private prepare(request: VmCreateRequest): ResultAsync<Prepared, Failure> {
    const checked = checkGuestName(request.name)
      .andThen(() => (request.vmid === undefined ? ok(0) : checkVmid(request.vmid)))
      .andThen(() => checkMemory(request))
    return checked
      .asyncAndThen(() => this.cluster.resources())
      .andThen((resources) => {
        const taken = vmidTaken(request.vmid, resources.guests)
        if (taken !== undefined) return errAsync(taken)

        return findTemplate(resources.guests, request.template)
          .andThen((copies) =>
            checkDiskSize(request, copies).map((): Prepared => ({
              request,
              resources,
              copies,
              warnings: nameWarnings(request.name, resources.guests),
            })),
          )
          .asyncMap((prepared) => Promise.resolve(prepared))
          .orElse((failed) => this.visibility.explain<Prepared>(failed, resources.guests.length))
      })
  }

  private async run(
    prepared: Prepared,
    patience: Patience,
    onPlaced: (placement: PlacementReport) => void,
  ): Promise<Result<CreatedVm, Failure>> {
    const cloned = await this.clones.clone(wishOf(prepared.request), (refused) => place(prepared, refused), patience, {
      wait: true,
      onPlaced: ({placement, candidate}) =>
        onPlaced(placementReport(prepared.request.node !== undefined, placement, candidate)),
    })
    if (cloned.isErr()) return err(cloned.error)
    const {vmid, candidate, placement, task} = cloned.value
    const {request} = prepared
    const vm = {vmid, name: request.name, type: 'qemu' as const, node: candidate.node}
    const finished = await this.finisher.finish(vm, finishOf(request, candidate), patience)
    if (finished.isErr()) return err(finished.error)
    const warnings = [...prepared.warnings, ...finished.value.warnings]
    return ok({
      ...vm,
      status: finished.value.status,
      source: sourceOf(candidate),
      placement: placementReport(prepared.request.node !== undefined, placement, candidate),
      task,
      ...(finished.value.steps.length > 0 && {steps: finished.value.steps}),
      ...(warnings.length > 0 && {warnings}),
    })
  }

  private async start(
    prepared: Prepared,
    patience: Patience,
    onPlaced: (placement: PlacementReport) => void,
  ): Promise<Result<VmCreateStarted, Failure>> {
    const {request} = prepared
    const placed = place(prepared, new Map())
    if (placed.isErr()) return err(placed.error)
    const later = laterSteps(request, placed.value.candidate)
    if (later.length > 0) {
      return err(
        failure('usage', `--no-wait cannot be combined with what follows the clone: ${later.join(', ')}`, {
          hint: 'Wait for the clone (leave --no-wait out), or do the rest later with homelab proxmox vm commands',
        }),
      )
    }

    const begun = await this.clones.clone(wishOf(request), (refused) => place(prepared, refused), patience, {
      wait: false,
      onPlaced: ({placement, candidate}) =>
        onPlaced(placementReport(prepared.request.node !== undefined, placement, candidate)),
    })
    return begun.map(({vmid, candidate, placement, task}) => ({
      vmid,
      name: request.name,
      type: 'qemu' as const,
      node: candidate.node,
      source: sourceOf(candidate),
      placement: placementReport(prepared.request.node !== undefined, placement, candidate),
      upid: task.upid,
      ...(prepared.warnings.length > 0 && {warnings: prepared.warnings}),
    }))
  }

  private async describe(prepared: Prepared): Promise<Result<VmCreatePlan, Failure>> {
    const {request} = prepared
    // Without a clone to be refused, the template's disks themselves have to say whether another node can have them.
    const refused = new Map<string, string>()
    for (;;) {
      const placed = place(prepared, refused)
      if (placed.isErr()) return err(placed.error)
      const {candidate, placement} = placed.value
      if (candidate.source.node !== candidate.node) {
        const local = await this.localStorages(candidate.source, prepared.resources)
        if (local.isErr()) return err(local.error)
        if (local.value.length > 0) {
          refused.set(
            candidate.node,
            `the template's disks are on ${local.value.join(', ')}, local to ${candidate.source.node}`,
          )
          continue
        }
      }

      const vmid = request.vmid === undefined ? await this.cluster.nextId() : ok<number, Failure>(request.vmid)
      return vmid.map((id) => ({
        dryRun: true as const,
        vmid: id,
        name: request.name,
        type: 'qemu' as const,
        node: candidate.node,
        source: sourceOf(candidate),
        placement: placementReport(prepared.request.node !== undefined, placement, candidate),
        steps: [
          `${request.linked ? 'linked' : 'full'} clone of ${guestLabel(candidate.source)}`,
          ...laterSteps(request, candidate),
        ],
      }))
    }
  }

  /** Storages of a template's disks that only its own node can reach. */
  private localStorages(template: Guest, resources: ClusterResources): ResultAsync<string[], Failure> {
    const shared = new Set(resources.storages.filter((s) => s.shared).map((s) => s.storage))
    return this.guests.config(template).map((config) => diskStorages(config).filter((storage) => !shared.has(storage)))
  }
}

/** Disks only grow, and the resources list already tells the size of the template's boot disk. */
function checkDiskSize(request: VmCreateRequest, copies: readonly Guest[]): Result<void, Failure> {
  const has = Math.max(...copies.map((copy) => copy.diskBytes ?? 0))
  if (request.diskBytes === undefined || request.diskBytes >= has) return ok(undefined)
  return err(
    failure(
      'usage',
      `--disk-size ${formatSize(request.diskBytes)} is less than the ${formatSize(has)} of the template's boot disk`,
      {
        hint: 'Disks can only grow: ask for at least the size of the template',
        details: {field: 'disk-size', value: request.diskBytes, minimum: has},
      },
    ),
  )
}

/** Proxmox VE counts memory in whole MiB, from 16 on. A plain number is bytes, which nobody means. */
function checkMemory({memoryBytes}: VmCreateRequest): Result<void, Failure> {
  if (memoryBytes === undefined || (memoryBytes >= 16 * MIB && memoryBytes % MIB === 0)) return ok(undefined)
  return err(
    failure('usage', `--memory ${formatSize(memoryBytes)} is not possible`, {
      hint: `Give whole MiB, at least 16, with the unit: ${memoryBytes < 16 * MIB ? `${memoryBytes}MiB` : '4GiB'}`,
      details: {field: 'memory', value: memoryBytes},
    }),
  )
}
