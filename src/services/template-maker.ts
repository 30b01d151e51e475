import {err, ok, ResultAsync, type Result} from 'neverthrow'
import {cloudInitDrive} from '../domain/cloud-init.js'
import {parseImage, type Checksum} from '../domain/cloud-image.js'
import type {CreationLayers} from '../domain/creation-layers.js'
import {failure, type Failure} from '../domain/failure.js'
import {storageOf} from '../domain/guest-disks.js'
import {guestLabel} from '../domain/guest.js'
import type {CloudImage} from '../domain/image-catalogue.js'
import {parsePropertyString} from '../domain/property-string.js'
import type {TaskReport} from '../domain/task.js'
import {readProvenance, withProvenance} from '../domain/template-provenance.js'
import {bootDisk} from '../domain/vm-disks.js'
import type {VmHardware} from '../domain/vm-hardware.js'
import type {GuestOptions} from '../domain/guest-options.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {NodeStorageRepository} from '../repositories/node-storage-repository.js'
import type {Patience, Timing} from './patience.js'
import type {TemplateService} from './template-service.js'
import type {PlacementReport} from './guest-create-report.js'
import type {VmCreateRequest} from './vm-create-request.js'
import type {GuestCreateService} from './guest-create-service.js'
import type {FinishStep, FreshGuest, GuestFinishService} from './guest-finish-service.js'
import type {PlacedGuest} from './guest-maker.js'
import {fileFrom, type VolumeFileService} from './volume-file-service.js'

type Config = Readonly<Record<string, unknown>>

/** A template that somebody wants of an image. */
export interface TemplateOrder {
  readonly image: CloudImage
  readonly checksum: Checksum
  readonly name: string
  /** Undefined: the best one. */
  readonly node?: string
  readonly imageStorage?: string
  readonly layers: CreationLayers
  readonly hardware: Partial<VmHardware>
  /** Notes besides where it comes from. */
  readonly notes: string
  /** More options to set, by the configuration that it was made with. */
  readonly carry?: (config: Config) => GuestOptions
}

/** It has found its node; nothing has been changed yet. */
export interface PlacedTemplate {
  readonly order: TemplateOrder
  readonly vm: PlacedGuest
  /** Of its disk. */
  readonly storage: string
}

/** What a template was made of. */
export interface TemplateImage {
  readonly name: string
  readonly url: string
  /** `sha256:9f86d0…` */
  readonly checksum: string
}

export interface MadeTemplate {
  readonly vmid: number
  readonly name: string
  readonly type: 'qemu'
  readonly node: string
  readonly template: true
  readonly storage: string
  readonly image: TemplateImage
  /** ISO 8601 UTC. */
  readonly builtAt: string
  readonly placement: PlacementReport
  /** Of its creation. */
  readonly task: TaskReport
  readonly steps: readonly FinishStep[]
  readonly warnings?: readonly string[]
}

export interface TemplateMakerParts {
  readonly creations: GuestCreateService<VmCreateRequest>
  readonly finisher: GuestFinishService
  readonly templates: TemplateService
  readonly guests: GuestRepository
  readonly storages: NodeStorageRepository
  readonly files: VolumeFileService
  readonly timing: Timing
}

/** Makes templates of images: download, VM, cloud-init, conversion. One that fails leaves nothing behind. */
export class TemplateMaker {
  constructor(private readonly parts: TemplateMakerParts) {}

  /** Everything that can be known and refused from GET requests. */
  prepare(order: TemplateOrder): ResultAsync<PlacedTemplate, Failure> {
    const {checksum, hardware, image, imageStorage, layers, name, node} = order
    return new ResultAsync(Promise.resolve(parseImage(image.url, checksum)))
      .andThen((ref) =>
        this.parts.creations.prepare(
          {
            name,
            source: {kind: 'image', image: ref, ...(imageStorage !== undefined && {imageStorage})},
            ...(node !== undefined && {node}),
            hardware: {
              disks: [],
              nets: [],
              others: {},
              osType: image.osType,
              ...(image.cpu !== undefined && {cpu: image.cpu}),
              ...(image.firmware !== undefined && {firmware: image.firmware}),
              ...hardware,
            },
            layers,
            // With it comes the drive; a NIC that nobody says anything of gets no address.
            cloudInit: {...(image.user !== undefined && {user: image.user}), ip: ['dhcp']},
            start: false,
            waitFor: [],
            removeOnFailure: true,
            becomesTemplate: true,
            rootLogin: false,
          },
          undefined,
          true,
        ),
      )
      .map(([vm]) => {
        const placed = vm as PlacedGuest
        const disk = bootDisk(placed.parameters)
        return {order, vm: placed, storage: storageOf(String(placed.parameters[disk ?? ''])) ?? ''}
      })
  }

  /** Makes it, and looks whether it is there as it should be. What was made by a step before the one that failed is removed. */
  async make(
    {order, storage, vm}: PlacedTemplate,
    patience: Patience,
    onPlaced: (placement: PlacementReport) => void,
  ): Promise<Result<MadeTemplate, Failure>> {
    const made = await vm.make(patience, {wait: true, onPlaced})
    if (made.isErr()) return err(made.error)
    const {node, placement, task, vmid} = made.value
    const guest = {vmid, name: order.name, type: 'qemu' as const, node, made: 'create' as const}
    const builtAt = new Date(this.parts.timing.now()).toISOString()
    const image = imageOf(order)
    const description = withProvenance(order.notes, {...image, image: image.name, vmid, builtAt})
    const finished = await this.parts.finisher.finish(
      guest,
      {
        ...made.value.finish,
        configuring: {
          readsConfig: true,
          options: (config) => ok({...order.carry?.(config), description}),
        },
        last: {step: 'template', run: (there, patient) => this.convert(there, storage, patient)},
        removeOnFailure: true,
      },
      patience,
    )
    if (finished.isErr()) return err(finished.error)
    const warnings = [...vm.warnings, ...finished.value.warnings]
    return ok({
      ...{vmid, name: order.name, type: 'qemu', node, template: true, storage, image, builtAt, placement, task},
      steps: [...made.value.steps, ...finished.value.steps],
      ...(warnings.length > 0 && {warnings}),
    })
  }

  /** Deletes the files that were downloaded for these; those that lay there before stay. What cannot be deleted is told. */
  async tidy(placed: readonly PlacedTemplate[], patience: Patience): Promise<string[]> {
    const {files, storages} = this.parts
    const warnings: string[] = []
    for (const {vm} of placed) {
      const {node, source} = vm
      if (source.kind !== 'image' || source.downloaded !== true || patience.signal?.aborted === true) continue
      const storage = storageOf(source.volume) ?? ''
      const listed = await storages.volumes(node, storage, {content: 'import'})
      // One that several nodes see may have been deleted for another of them.
      const there = listed.map((volumes) => volumes.find(({volume}) => volume === source.volume))
      const deleted: Result<unknown, Failure> = there.isErr()
        ? err(there.error)
        : there.value === undefined
          ? ok(undefined)
          : await files.delete('import', fileFrom(there.value, {storage, shared: false, nodes: [node]}), true, patience)
      if (deleted.isErr()) warnings.push(`${source.volume} is left on ${node}: ${deleted.error.message}`)
    }

    return warnings
  }

  private async convert(
    vm: FreshGuest,
    storage: string,
    patience: Patience,
  ): Promise<Result<TaskReport | undefined, Failure>> {
    const guest = {...vm, status: 'stopped' as const, template: false, tags: []}
    const converted = await this.parts.templates.convert(guest, true, patience)
    if (converted.isErr()) return err(converted.error)
    return (await this.verify(vm, storage)).map(() => converted.value.task)
  }

  /** A task that ended well does not prove that all of it is there (reference 2.8). */
  private async verify(vm: FreshGuest, storage: string): Promise<Result<void, Failure>> {
    const {guests, storages} = this.parts
    const read = await guests.config(vm)
    if (read.isErr()) return err(read.error)
    const config: Config = read.value
    const disk = bootDisk(config)
    const volume = disk === undefined ? undefined : parsePropertyString(String(config[disk])).get('')
    const listed = await storages.volumes(vm.node, storage, {vmid: vm.vmid})
    if (listed.isErr()) return err(listed.error)
    const wrong = [
      ...(String(config['template'] ?? '0') === '1' ? [] : ['it is no template']),
      ...(cloudInitDrive(config) === undefined ? ['it has no cloud-init drive'] : []),
      ...(readProvenance(String(config['description'] ?? '')) === undefined
        ? ['its notes are not as they were set']
        : []),
      ...(listed.value.some((one) => one.volume === volume) ? [] : [`its disk is not on ${storage}`]),
    ]
    return wrong.length === 0
      ? ok(undefined)
      : err(
          failure('unexpected', `all tasks for ${guestLabel(vm)} ended well, but ${wrong.join(', and ')}`, {
            details: {vmid: vm.vmid, node: vm.node, wrong},
          }),
        )
  }
}

export function imageOf({checksum, image}: Pick<TemplateOrder, 'checksum' | 'image'>): TemplateImage {
  return {name: image.name, url: image.url, checksum: checksumText(checksum)}
}

export function checksumText({algorithm, value}: Checksum): string {
  return `${algorithm}:${value}`
}
