import {err, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import type {Checksum} from '../domain/cloud-image.js'
import type {ClusterResources} from '../domain/cluster.js'
import type {CreationLayers} from '../domain/creation-layers.js'
import type {Failure} from '../domain/failure.js'
import {checkGuestName} from '../domain/guest-name.js'
import type {CloudImage} from '../domain/image-catalogue.js'
import {guestCommand, shellWord, type NativeLine} from '../domain/native-command.js'
import {withProvenance} from '../domain/template-provenance.js'
import type {GuestOptions} from '../domain/guest-options.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {fanOut, type FanOut, type TargetResult} from './fan-out.js'
import type {Patience, Timing} from './patience.js'
import {checksumWarnings, type PublishedChecksums} from './published-checksum.js'
import type {ReleaseGate} from './release-gate.js'
import {
  imageOf,
  type MadeTemplate,
  type PlacedTemplate,
  type TemplateImage,
  type TemplateMaker,
} from './template-maker.js'
import {nameTaken, servedBy, templateSpots, type TemplateSpot} from './template-spots.js'
import type {PlacementReport} from './guest-create-report.js'

export interface TemplateBuildRequest {
  readonly image: CloudImage
  /** Instead of the published one. */
  readonly checksum?: Checksum
  readonly name: string
  /** Undefined: one template, on the best node. */
  readonly nodes?: 'all' | readonly string[]
  readonly imageStorage?: string
  readonly layers: CreationLayers
  readonly agent: boolean
  /** Leave the downloaded file on its storage. */
  readonly keepImage: boolean
}

export interface BuiltTemplate extends MadeTemplate {
  /** The nodes that see its disks. */
  readonly serves: readonly string[]
}

export interface TemplatePlan {
  readonly dryRun: true
  /** Free at this moment; nothing reserves it. */
  readonly vmid: number
  readonly name: string
  readonly type: 'qemu'
  readonly node: string
  readonly storage: string
  readonly serves: readonly string[]
  readonly image: TemplateImage
  readonly placement: PlacementReport
  readonly steps: readonly string[]
  readonly parameters: GuestOptions
  readonly warnings?: readonly string[]
}

export interface TemplateBuildParts {
  readonly cluster: ClusterRepository
  readonly releases: ReleaseGate
  readonly checksums: PublishedChecksums
  readonly maker: TemplateMaker
  readonly timing: Timing
}

interface Prepared {
  readonly templates: readonly (PlacedTemplate & {readonly serves: readonly string[]})[]
  readonly warnings: readonly string[]
}

/** What building needs of the server; asked before anything else. */
export function requireImport(releases: ReleaseGate): ResultAsync<void, Failure> {
  return releases.require(
    'building a template from an image',
    '8.4',
    'Make one in a shell on a node: qm create, qm importdisk, qm template',
  )
}

/** `template build`: from the image of a cloud to templates of one name. */
export class TemplateBuildService {
  constructor(private readonly parts: TemplateBuildParts) {}

  /** What would be made; sends only GET requests. */
  plan(request: TemplateBuildRequest, signal?: AbortSignal): ResultAsync<TemplatePlan[], Failure> {
    return this.withVmids(request, signal).map(({planned, warnings}) =>
      planned.map(({template, vmid}): TemplatePlan => {
        const {order, serves, storage, vm} = template
        const remarks = [...warnings, ...vm.warnings]
        return {
          ...{dryRun: true, vmid, name: order.name, type: 'qemu', node: vm.node, storage, serves},
          image: imageOf(order),
          placement: vm.placement,
          steps: [
            ...vm.before,
            vm.making,
            ...vm.after,
            'make a template of it',
            ...(request.keepImage ? [] : downloadedBy(template).map((volume) => `delete ${volume}`)),
          ],
          parameters: vm.parameters,
          ...(remarks.length > 0 && {warnings: remarks}),
        }
      }),
    )
  }

  /** What does the same in shells on the nodes; sends only GET requests. */
  native(request: TemplateBuildRequest, signal?: AbortSignal): ResultAsync<NativeLine[], Failure> {
    return this.withVmids(request, signal).map(({planned}) =>
      planned.flatMap(({template, vmid}) => {
        const {order, vm} = template
        const {node} = vm
        const image = imageOf(order)
        const builtAt = new Date(this.parts.timing.now()).toISOString()
        const description = withProvenance(order.notes, {...image, image: image.name, vmid, builtAt})
        return [
          ...vm.native(vmid),
          {node, command: guestCommand('qemu', 'set', [vmid], {description})},
          {node, command: guestCommand('qemu', 'template', [vmid])},
          ...(request.keepImage
            ? []
            : downloadedBy(template).map((volume) => ({node, command: `pvesm free ${shellWord(volume)}`}))),
        ]
      }),
    )
  }

  /** Makes them, a few at a time; nothing is sent before all of them have found their place. */
  build(
    request: TemplateBuildRequest,
    patience: () => Patience,
    onPlaced: (placement: PlacementReport, serves: readonly string[]) => void,
    manner: FanOut,
  ): ResultAsync<{done: TargetResult<BuiltTemplate>[]; asked: number; warnings: readonly string[]}, Failure> {
    const {maker} = this.parts
    const run = async ({templates, warnings}: Prepared) => {
      const done = await fanOut(
        templates,
        ({vm}) => vm.node,
        async (template) => {
          const made = await maker.make(template, patience(), (placement) => onPlaced(placement, template.serves))
          return made.map((one): BuiltTemplate => ({...one, serves: template.serves}))
        },
        manner,
      )
      const left = request.keepImage ? [] : await maker.tidy(templates, patience())
      return ok({done, asked: templates.length, warnings: [...warnings, ...left]})
    }

    return this.prepare(request, manner.signal).andThen((prepared) => new ResultAsync(run(prepared)))
  }

  private prepare(request: TemplateBuildRequest, signal: AbortSignal | undefined): ResultAsync<Prepared, Failure> {
    const {checksums, cluster, releases} = this.parts
    const {checksum, image, name, nodes} = request
    return new ResultAsync(Promise.resolve(checkGuestName(name)))
      .andThen(() => requireImport(releases))
      .andThen(() => cluster.resources())
      .andThen((resources) => {
        const spots: Result<TemplateSpot[] | undefined, Failure> =
          nodes === undefined ? ok(undefined) : templateSpots({...request, nodes}, resources)
        return spots.andThen((found) => nameTaken(name, found, resources.guests).map(() => ({resources, spots: found})))
      })
      .andThen(({resources, spots}) =>
        (checksum === undefined ? new ResultAsync(checksums.of(image, signal)) : okAsync(checksum)).andThen((digest) =>
          new ResultAsync(this.placeAll(request, digest, spots, resources)).map((templates) => ({
            templates,
            warnings: checksum === undefined ? checksumWarnings(image) : [],
          })),
        ),
      )
  }

  private async placeAll(
    {agent, image, imageStorage, layers, name}: TemplateBuildRequest,
    checksum: Checksum,
    spots: readonly TemplateSpot[] | undefined,
    resources: ClusterResources,
  ): Promise<Result<Prepared['templates'], Failure>> {
    const order = {
      ...{name, image, checksum, layers, hardware: {agent}, notes: notesOf(image)},
      ...(imageStorage !== undefined && {imageStorage}),
    }
    const templates: Prepared['templates'][number][] = []
    for (const spot of spots ?? [undefined]) {
      const placed = await this.parts.maker.prepare({...order, ...(spot !== undefined && {node: spot.node})})
      if (placed.isErr()) return err(placed.error)
      const {storage, vm} = placed.value
      templates.push({...placed.value, serves: spot?.serves ?? servedBy(vm.node, storage, resources)})
    }

    return ok(templates)
  }

  /** The VMIDs that would be used if nobody else took them meanwhile. */
  private withVmids(request: TemplateBuildRequest, signal: AbortSignal | undefined) {
    const {cluster} = this.parts
    return this.prepare(request, signal).andThen(({templates, warnings}) =>
      cluster.nextId().andThen((first) =>
        cluster.resources('vm').map(({guests}) => {
          const used = new Set(guests.map(({vmid}) => vmid))
          let next = first
          const planned = templates.map((template) => {
            while (used.has(next)) next++
            used.add(next)
            return {template, vmid: next}
          })
          return {planned, warnings}
        }),
      ),
    )
  }
}

function notesOf({title, user}: CloudImage): string {
  return user === undefined ? `${title}, from its cloud image.` : `${title}, from its cloud image. Its user is ${user}.`
}

function downloadedBy({vm}: PlacedTemplate): string[] {
  return vm.source.kind === 'image' && vm.source.downloaded === true ? [vm.source.volume] : []
}
