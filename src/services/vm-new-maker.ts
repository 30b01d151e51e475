import {err, errAsync, ok, ResultAsync, type Result} from 'neverthrow'
import {cloudInitValues} from '../domain/cloud-init.js'
import type {ClusterResources} from '../domain/cluster.js'
import type {CreationDefaults} from '../domain/creation-defaults.js'
import {creationOn} from '../domain/creation-layers.js'
import {defaultStorage} from '../domain/default-storage.js'
import {failure, type Failure} from '../domain/failure.js'
import {proxmoxSize} from '../domain/guest-disks.js'
import {guestNeeds} from '../domain/guest-needs.js'
import type {GuestOptions} from '../domain/guest-options.js'
import type {StorageNeed} from '../domain/guest-placement.js'
import {guestCommand, type NativeLine} from '../domain/native-command.js'
import {checkNewVm, needsStorage, newVmBridges, newVmOptions, storageNeeds} from '../domain/new-vm-options.js'
import {rootOnlyOptions} from '../domain/root-options.js'
import {formatSize} from '../domain/size.js'
import {uuidFrom} from '../domain/uuid.js'
import {bootDisk} from '../domain/vm-disks.js'
import {DEFAULT_CPU, DEFAULT_MEMORY_BYTES} from '../domain/vm-hardware.js'
import {bound, demandOf, memoryFor, startWords, vmidsFor, type NamedGuest} from './guest-create-request.js'
import type {Finish, FinishStep} from './guest-finish-service.js'
import type {GuestMaker, MadeGuest, MakingManner, PlacedGuest, PreparedGuests} from './guest-maker.js'
import {checkRootOnly, nativeOptions, setLine} from './guest-native.js'
import {importStorage, type ImageFile, type ImageService} from './image-service.js'
import type {GuestPlace, NewGuestService} from './new-guest-service.js'
import type {Patience, Timing} from './patience.js'
import type {ReachCheck} from './reach-check.js'
import {compareReleases, type ReleaseGate} from './release-gate.js'
import type {VmCreateRequest} from './vm-create-request.js'
import {
  describeSource,
  downloadLine,
  namedVolumes,
  ownerNode,
  reportSource,
  sourceOn,
  withoutIdentity,
  type NewRequest,
  type NewSource,
} from './vm-new-source.js'
import type {VolumeFinder} from './volume-finder.js'

/** Uploads and downloads of disk images, and volumes of the content `import`; the schema of 7.4 knows neither. */
const IMPORT_SINCE = '8.4'

/** What VMs that are made from nothing are made with. */
interface Tools {
  readonly creations: NewGuestService
  readonly reach: ReachCheck
  readonly images: ImageService
  readonly volumes: VolumeFinder
  readonly releases: ReleaseGate
  readonly timing: Timing
}

/** VMs that are made from nothing: installed from an ISO, with the image of a cloud as their disk, or empty. */
export class VmNewMaker implements GuestMaker<VmCreateRequest> {
  constructor(private readonly tools: Tools) {}

  prepare(request: VmCreateRequest, resources: ClusterResources): ResultAsync<PreparedGuests, Failure> {
    const {source} = request
    if (source.kind === 'template') return errAsync(failure('unexpected', 'a new VM is not made from a template'))
    return new ResultAsync(this.look({...request, source}, resources))
  }

  private async look(request: NewRequest, resources: ClusterResources): Promise<Result<PreparedGuests, Failure>> {
    const {cloudInit, hardware, layers, password, source} = request
    const values = cloudInitValues(cloudInit)
    if (values.isErr()) return err(values.error)
    const options: GuestOptions = {...values.value, ...(password !== undefined && {cipassword: password})}
    const question = {cloudInit: options, creation: layers.asked, hardware, source: sourceOn(source, undefined)}
    const checked = checkNewVm(question, layers.asked)
    if (checked.isErr()) return err(checked.error)
    const release = await this.checkRelease(request)
    if (release.isErr()) return err(release.error)
    const refused = await this.findVolumes(request, resources)
    if (refused.isErr()) return err(refused.error)
    const knowsCpu = compareReleases(release.value, DEFAULT_CPU.since) >= 0
    return ok(new PreparedNewVms(request, options, knowsCpu, refused.value, this.tools))
  }

  /** What the server's release does not have, before anything is sent. */
  private async checkRelease({source}: NewRequest): Promise<Result<string, Failure>> {
    const {releases} = this.tools
    const isImport =
      source.kind === 'image' &&
      (source.image.kind === 'url' || (source.image.kind === 'volume' && /:import\//.test(source.image.volume)))
    if (isImport) {
      const instead = 'Make a template from the image in a shell on a node (qm importdisk), and clone that'
      const gate = await releases.require('the import of an image', IMPORT_SINCE, instead)
      if (gate.isErr()) return err(gate.error)
    }

    return releases.release()
  }

  /** Which nodes lack a volume that is named, with the reason. */
  private async findVolumes(
    request: NewRequest,
    resources: ClusterResources,
  ): Promise<Result<ReadonlyMap<string, string>, Failure>> {
    const refused = new Map<string, string>()
    for (const volume of namedVolumes(request)) {
      const nodes = await this.tools.volumes.nodesWith(volume, resources, request.node)
      if (nodes.isErr()) return err(nodes.error)
      const owner = ownerNode(volume, resources)
      for (const {node} of resources.nodes) {
        if (!nodes.value.has(node)) refused.set(node, `${volume} is not there`)
        else if (owner !== undefined && owner !== node)
          refused.set(node, `the guest whose disk ${volume} is is on ${owner}`)
      }
    }

    return ok(refused)
  }
}

class PreparedNewVms implements PreparedGuests {
  readonly #files = new Map<string, Promise<Result<ImageFile | undefined, Failure>>>()

  constructor(
    private readonly request: NewRequest,
    private readonly cloudInit: GuestOptions,
    private readonly knowsCpu: boolean,
    /** Nodes that lack a volume. */
    private readonly lacking: ReadonlyMap<string, string>,
    private readonly tools: Tools,
  ) {}

  place(vm: NamedGuest, resources: ClusterResources): ResultAsync<PlacedGuest, Failure> {
    const {hardware, layers, node: named, source} = this.request
    const demand = {
      ...demandOf(this.request, vm.name),
      ...(named !== undefined && {node: named}),
      memoryBytes:
        this.request.becomesTemplate === true
          ? 0
          : (memoryFor(this.request, DEFAULT_MEMORY_BYTES) ?? DEFAULT_MEMORY_BYTES),
      storagesOn: (node: string) => this.needsOn(node, resources),
    }
    const placed = this.tools.reach.placeWith(
      (refused) => this.tools.creations.place(demand, resources, refused),
      (place) => place.node,
      (node) => ({
        bridges: newVmBridges({creation: creationOn(node, layers), hardware}),
        devices: guestNeeds('qemu', hardware.others).devices,
      }),
      new Map(this.lacking),
    )
    return new ResultAsync(placed).andThen((place) => {
      const storage = this.storageOn(place.node, resources)
      if (storage.isErr()) return errAsync(storage.error)
      return new ResultAsync(this.fileFor(source, place.node, resources)).andThen((file) =>
        this.settle(vm, place, storage.value, file, demand.memoryBytes),
      )
    })
  }

  private settle(
    vm: NamedGuest,
    place: GuestPlace,
    storage: string,
    file: ImageFile | undefined,
    memoryBytes: number,
  ): Result<PlacedGuest, Failure> {
    const {hardware, layers, rootLogin, source} = this.request
    const {node} = place
    const creation = creationOn(node, layers)
    const options = newVmOptions({
      name: vm.name,
      source: sourceOn(source, file),
      hardware,
      creation,
      cloudInit: this.cloudInit,
      storage,
      uuid: uuidFrom(() => this.tools.timing.random()),
      knowsCpu: this.knowsCpu,
    })
    return options
      .andThen((parameters) =>
        checkRootOnly(rootOnlyOptions(parameters), {node, rootLogin, line: setLine('qemu', vm.vmid, parameters)}).map(
          () => parameters,
        ),
      )
      .map((parameters): PlacedGuest => {
        const finish = this.finishOf(parameters, creation)
        const placed = {...place, placement: bound(this.request, place.placement)}
        const url = source.kind === 'image' && source.image.kind === 'url' ? source.image : undefined
        const isNew = url !== undefined && file?.present === false
        return {
          ...vm,
          ...placed,
          source: reportSource(source, file),
          memoryBytes,
          before: isNew ? [`download ${url.url} to ${file.volume}`] : [],
          making: `create the VM ${describeSource(source)}`,
          after: [
            ...(finish.diskBytes === undefined ? [] : [`grow the boot disk to ${formatSize(finish.diskBytes)}`]),
            ...startWords(this.request),
          ],
          parameters: withoutIdentity(parameters, hardware),
          warnings: file?.warning === undefined ? [] : [file.warning],
          native: (vmid) => [
            ...(isNew ? [downloadLine(url, file)] : []),
            ...this.native(vmid, node, parameters, finish),
          ],
          make: (patience, manner) => this.make(vm, placed, parameters, file, finish, patience, manner),
        }
      })
  }

  private async make(
    vm: NamedGuest,
    place: GuestPlace,
    parameters: GuestOptions,
    file: ImageFile | undefined,
    finish: Finish,
    patience: Patience,
    manner: MakingManner,
  ): Promise<Result<MadeGuest, Failure>> {
    const {source} = this.request
    const steps: FinishStep[] = []
    if (file !== undefined && source.kind === 'image' && source.image.kind === 'url') {
      const fetched = await this.tools.images.fetch(source.image, file, patience)
      if (fetched.isErr()) return err(fetched.error)
      if (!file.present) steps.push({step: 'download', ...(fetched.value !== undefined && {task: fetched.value})})
    }

    const wish = {
      type: 'qemu' as const,
      ...vm,
      ...vmidsFor(this.request),
      parametersOn: () => parameters,
    }
    const made = await this.tools.creations.create(wish, place, patience, manner)
    return made.map(({node, placement, task, vmid}) => ({
      vmid,
      node,
      placement,
      source: reportSource(source, file),
      task,
      steps,
      finish,
    }))
  }

  /** The storages it will use there, or why it cannot be there. A choice that is left open is no obstacle yet. */
  private needsOn(node: string, resources: ClusterResources): string | readonly StorageNeed[] {
    const {hardware, layers, source} = this.request
    const storage = this.storageOn(node, resources)
    if (storage.isErr()) return storage.error.kind === 'refused' ? storage.error.message : []
    const question = {cloudInit: this.cloudInit, creation: creationOn(node, layers), hardware, storage: storage.value}
    if (source.kind !== 'image' || source.image.kind !== 'url')
      return storageNeeds({...question, source: sourceOn(source, undefined)})
    const target = importStorage(node, resources.storages, source.imageStorage)
    if (target.isErr()) return target.error.kind === 'refused' ? target.error.message : []
    const from = `${target.value.storage}:import/${source.image.file}`
    return storageNeeds({...question, source: {kind: 'image', from}})
  }

  private storageOn(node: string, {storages}: ClusterResources): Result<string, Failure> {
    const {hardware, layers, source} = this.request
    const creation = creationOn(node, layers)
    if (creation.storage !== undefined) return ok(creation.storage)
    const question = {cloudInit: this.cloudInit, creation, hardware, source: sourceOn(source, undefined)}
    return needsStorage(question) ? defaultStorage(node, 'qemu', storages, '--storage') : ok('')
  }

  /** Looked for once on each node, however many VMs need it. */
  private fileFor(
    source: NewSource,
    node: string,
    {storages}: ClusterResources,
  ): Promise<Result<ImageFile | undefined, Failure>> {
    if (source.kind !== 'image' || source.image.kind !== 'url') return Promise.resolve(ok(undefined))
    const storage = importStorage(node, storages, source.imageStorage)
    if (storage.isErr()) return Promise.resolve(err(storage.error))
    const found = this.#files.get(node) ?? this.tools.images.find(source.image, node, storage.value)
    this.#files.set(node, found)
    return found
  }

  private finishOf(parameters: GuestOptions, {diskBytes}: CreationDefaults): Finish {
    const {removeOnFailure, source, start, waitFor} = this.request
    return {
      start,
      waitFor,
      removeOnFailure,
      ...(source.kind === 'image' && {
        // A task that ended well does not prove that every step of it did (reference 2.8).
        expected: Object.keys(parameters).filter((key) => String(parameters[key]).includes('import-from=')),
        ...(diskBytes !== undefined && {diskBytes}),
      }),
    }
  }

  private native(vmid: number, node: string, parameters: GuestOptions, {diskBytes, start}: Finish): NativeLine[] {
    const disk = bootDisk(parameters)
    return [
      ...nativeOptions('qemu', node, 'create', [vmid], parameters),
      ...(diskBytes === undefined || disk === undefined
        ? []
        : [{node, command: guestCommand('qemu', 'resize', [vmid, disk, proxmoxSize(diskBytes)])}]),
      ...(start ? [{node, command: guestCommand('qemu', 'start', [vmid])}] : []),
    ]
  }
}
