import {err, errAsync, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import {checkClone, cloneOptions, needsTemplate, type CloneChanges} from '../domain/clone-options.js'
import type {ClusterResources} from '../domain/cluster.js'
import {creationOn} from '../domain/creation-layers.js'
import {failure, type Failure} from '../domain/failure.js'
import {proxmoxSize} from '../domain/guest-disks.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {guestCommand, type NativeLine} from '../domain/native-command.js'
import {placeClone, type Candidate, type Placement} from '../domain/placement.js'
import {formatSize} from '../domain/size.js'
import {bootDisk, diskStorages} from '../domain/vm-disks.js'
import type {VmOptions} from '../domain/vm-hardware.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import {chooseNode} from './choose-node.js'
import type {CloneService, CloneWish} from './clone-service.js'
import {findTemplate} from './find-template.js'
import type {Patience} from './patience.js'
import type {Visibility} from './visibility.js'
import {placementReport, templateSource, type PlacementReport} from './vm-create-report.js'
import {bound, memoryFor, type VmCreateRequest} from './vm-create-request.js'
import type {Finish} from './vm-finish-service.js'
import type {MadeVm, MakingManner, PlacedVm, PreparedVms, VmMaker} from './vm-maker.js'
import {checkRootOnly, nativeOptions} from './vm-native.js'
import {optionSteps} from './vm-plan-steps.js'

type CloneRequest = VmCreateRequest & {readonly source: {readonly kind: 'template'}}
type Config = Readonly<Record<string, unknown>>
type Placed = {readonly placement: Placement; readonly candidate: Candidate}
/** What follows a clone. */
interface After {
  readonly words: readonly string[]
  readonly options: VmOptions
  /** The boot disk's key. */
  readonly disk: string
}
/** Nodes that are out, with the reason. */
type Refused = ReadonlyMap<string, string>

/** VMs that are clones of a template. */
export class VmCloneMaker implements VmMaker {
  constructor(
    private readonly guests: GuestRepository,
    private readonly visibility: Visibility,
    private readonly clones: CloneService,
  ) {}

  prepare(request: VmCreateRequest, resources: ClusterResources): ResultAsync<PreparedVms, Failure> {
    const {source} = request
    if (source.kind !== 'template') return errAsync(failure('unexpected', 'a clone needs a template'))
    const asked = {...request, source}
    return checkClone(changesOn(undefined, asked))
      .andThen(() => findTemplate(resources.guests, source.template))
      .andThen((copies) => checkDiskSize(asked, copies).map(() => copies))
      .asyncAndThen((copies) => okAsync(copies))
      .orElse((failed) => this.visibility.explain<readonly Guest[]>(failed, resources.guests.length))
      .andThen((copies) =>
        this.checkAgainst(asked, copies).map(() => new PreparedClones(asked, copies, this.guests, this.clones)),
      )
  }

  /** What has to find its place in the template is tried out on it, before anything is cloned. */
  private checkAgainst(request: CloneRequest, copies: readonly Guest[]): ResultAsync<void, Failure> {
    const [template] = copies
    const changes = changesOn(undefined, request)
    if (template === undefined || !needsTemplate(changes)) return okAsync(undefined)
    return this.guests
      .config(template)
      .andThen((config) => cloneOptions(changes, config))
      .andThen((options) =>
        checkRootOnly(options, {node: template.node, rootLogin: request.rootLogin, vmid: request.vmid}),
      )
  }
}

class PreparedClones implements PreparedVms {
  readonly #configs = new Map<number, ResultAsync<Config, Failure>>()

  constructor(
    private readonly request: CloneRequest,
    private readonly copies: readonly Guest[],
    private readonly guests: GuestRepository,
    private readonly clones: CloneService,
  ) {}

  place(
    vm: {readonly name: string; readonly vmid?: number},
    resources: ClusterResources,
    careful: boolean,
  ): ResultAsync<PlacedVm, Failure> {
    return new ResultAsync(this.find(vm.name, resources, careful)).andThen(({placed, refused}) =>
      this.steps(placed.candidate, careful).map((after) => this.placedVm(vm, placed, refused, resources, after)),
    )
  }

  /** The best node; with a careful look also at the template's disks, which otherwise only the server itself knows of. */
  private async find(
    name: string,
    resources: ClusterResources,
    careful: boolean,
  ): Promise<Result<{placed: Placed; refused: Map<string, string>}, Failure>> {
    const refused = new Map<string, string>()
    for (;;) {
      const placed = this.choose(name, resources, refused)
      if (placed.isErr()) return err(placed.error)
      const {candidate} = placed.value
      const {source} = candidate
      if (!careful || source.node === candidate.node) return ok({placed: placed.value, refused})
      const config = await this.config(source)
      if (config.isErr()) return err(config.error)
      const shared = new Set(resources.storages.filter((one) => one.shared).map((one) => one.storage))
      const local = diskStorages(config.value).filter((storage) => !shared.has(storage))
      if (local.length === 0) return ok({placed: placed.value, refused})
      refused.set(candidate.node, `the template's disks are on ${local.join(', ')}, local to ${source.node}`)
    }
  }

  private choose(name: string, resources: ClusterResources, refused: Refused): Result<Placed, Failure> {
    const {layers, node: named, source} = this.request
    const placement = placeClone(
      {
        copies: this.copies,
        memoryBytes: memoryFor(this.request, this.copies[0]?.memoryBytes),
        // A linked clone lives where its template does: a default storage cannot apply to it.
        storageOn: (node) => (source.linked ? undefined : creationOn(node, layers).storage),
        refused,
      },
      resources,
    )
    return chooseNode(placement, named, name, resources)
  }

  /** What follows the clone, in words. Only a plan is worth a look at the template. */
  private steps(candidate: Candidate, careful: boolean): ResultAsync<After, Failure> {
    const changes = changesOn(candidate.node, this.request)
    const config = careful || needsTemplate(changes) ? this.config(candidate.source) : okAsync<Config, Failure>({})
    return (
      config
        // Every template has a first NIC, as long as nobody has looked.
        .andThen((read) => cloneOptions(changes, {net0: 'virtio', ...read}).map((options) => ({options, read})))
        .map(({options, read}) => {
          const {diskBytes, start} = this.finishOn(candidate)
          return {
            options,
            disk: bootDisk(read) ?? 'scsi0',
            words: [
              ...optionSteps(options),
              ...(diskBytes === undefined ? [] : [`grow the boot disk to ${formatSize(diskBytes)}`]),
              ...(start ? ['start'] : []),
              ...this.request.waitFor.map(({text}) => `wait for ${text}`),
            ],
          }
        })
    )
  }

  private placedVm(
    vm: {readonly name: string; readonly vmid?: number},
    placed: Placed,
    refused: Refused,
    resources: ClusterResources,
    after: After,
  ): PlacedVm {
    const {candidate} = placed
    const {linked} = this.request.source
    return {
      ...vm,
      node: candidate.node,
      placement: this.report(placed),
      source: templateSource(candidate),
      memoryBytes: memoryFor(this.request, candidate.source.memoryBytes) ?? 0,
      before: [],
      making: `${linked ? 'linked' : 'full'} clone of ${guestLabel(candidate.source)}`,
      after: after.words,
      parameters: after.options,
      warnings: [],
      native: (vmid) => this.native(vm.name, vmid, candidate, after),
      make: (patience, manner) => this.make(vm, placed, refused, resources, patience, manner),
    }
  }

  private async make(
    vm: {readonly name: string; readonly vmid?: number},
    first: Placed,
    before: Refused,
    resources: ClusterResources,
    patience: Patience,
    manner: MakingManner,
  ): Promise<Result<MadeVm, Failure>> {
    const cloned = await this.clones.clone(
      this.wish(vm),
      (refused) => (refused.size === 0 ? ok(first) : this.choose(vm.name, resources, new Map([...before, ...refused]))),
      patience,
      {wait: manner.wait, onPlaced: (placed) => manner.onPlaced(this.report(placed))},
    )
    return cloned.map(({candidate, placement, task, vmid}) => ({
      vmid,
      node: candidate.node,
      placement: this.report({candidate, placement}),
      source: templateSource(candidate),
      task,
      steps: [],
      finish: this.finishOn(candidate),
    }))
  }

  private wish({name, vmid}: {readonly name: string; readonly vmid?: number}): CloneWish {
    const {hardware, layers, source} = this.request
    const {pool} = creationOn(undefined, layers)
    return {
      name,
      linked: source.linked,
      ...(vmid !== undefined && {vmid}),
      ...(pool !== undefined && {pool}),
      ...(hardware.description !== undefined && {description: hardware.description}),
    }
  }

  private finishOn({node, source}: Candidate): Finish {
    const {layers, removeOnFailure, start, waitFor} = this.request
    const {bridge, diskBytes} = creationOn(node, layers)
    const changes = changesOn(node, this.request)
    return {
      start,
      waitFor,
      removeOnFailure,
      configuring: {
        options: (config) => cloneOptions(changes, config),
        readsConfig: needsTemplate(changes) || bridge !== undefined,
      },
      // A boot disk that is big enough already needs nothing.
      ...(diskBytes !== undefined && diskBytes > (source.diskBytes ?? 0) && {diskBytes}),
    }
  }

  private native(name: string, vmid: number, candidate: Candidate, {disk, options}: After): NativeLine[] {
    const {node, source, storage} = candidate
    const {linked, name: _name, vmid: _vmid, ...rest} = this.wish({name})
    const {diskBytes, start} = this.finishOn(candidate)
    const at = (command: string) => ({node, command})
    return [
      {
        node: source.node,
        command: guestCommand('qemu', 'clone', [source.vmid, vmid], {
          name,
          full: !linked,
          ...(node !== source.node && {target: node}),
          ...(storage !== undefined && {storage}),
          ...rest,
        }),
      },
      ...(Object.keys(options).length > 0 ? nativeOptions(node, 'set', vmid, options) : []),
      ...(diskBytes === undefined ? [] : [at(guestCommand('qemu', 'resize', [vmid, disk, proxmoxSize(diskBytes)]))]),
      ...(start ? [at(guestCommand('qemu', 'start', [vmid]))] : []),
    ]
  }

  private report({candidate, placement}: Placed): PlacementReport {
    return bound(this.request, placementReport(this.request.node !== undefined, placement, candidate))
  }

  private config(template: Guest): ResultAsync<Config, Failure> {
    const known = this.#configs.get(template.vmid) ?? this.guests.config(template)
    this.#configs.set(template.vmid, known)
    return known
  }
}

/** Description, pool and storage are told to the clone itself. */
function changesOn(node: string | undefined, {cloudInit, hardware, layers, password}: CloneRequest): CloneChanges {
  const {description: _, ...rest} = hardware
  return {
    hardware: rest,
    creation: creationOn(node, layers),
    cloudInit,
    ...(password !== undefined && {password}),
  }
}

/** Disks only grow, and the resources list already tells the size of the template's boot disk. */
function checkDiskSize({layers}: CloneRequest, copies: readonly Guest[]): Result<void, Failure> {
  const has = Math.max(...copies.map((copy) => copy.diskBytes ?? 0))
  const {diskBytes} = layers.asked
  if (diskBytes === undefined || diskBytes >= has) return ok(undefined)
  return err(
    failure(
      'usage',
      `--disk-size ${formatSize(diskBytes)} is less than the ${formatSize(has)} of the template's boot disk`,
      {
        hint: 'Disks can only grow: ask for at least the size of the template',
        details: {field: 'disk-size', value: diskBytes, minimum: has},
      },
    ),
  )
}
