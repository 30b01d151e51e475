import {err, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {creationOn} from '../domain/creation-layers.js'
import type {Failure} from '../domain/failure.js'
import {isDiskKey, proxmoxSize, readDisk} from '../domain/guest-disks.js'
import {guestNeeds} from '../domain/guest-needs.js'
import type {GuestOptions} from '../domain/guest-options.js'
import {lacking} from '../domain/guest-placement.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {guestCommand, type NativeLine} from '../domain/native-command.js'
import {placeClone, type Candidate, type Placement} from '../domain/placement.js'
import {formatSize} from '../domain/size.js'
import {diskStorages} from '../domain/vm-disks.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import {chooseNode} from './choose-node.js'
import type {CloneRecipe} from './clone-recipe.js'
import type {CloneService, CloneWish} from './clone-service.js'
import {placementReport, templateSource, type PlacementReport} from './guest-create-report.js'
import {
  bound,
  demandOf,
  memoryFor,
  startWords,
  vmidsFor,
  type GuestCreateRequest,
  type NamedGuest,
} from './guest-create-request.js'
import type {Finish} from './guest-finish-service.js'
import type {MadeGuest, MakingManner, PlacedGuest, PreparedGuests} from './guest-maker.js'
import {nativeOptions} from './guest-native.js'
import type {Patience} from './patience.js'
import type {ReachCheck} from './reach-check.js'
import {optionSteps} from './plan-steps.js'

type Config = Readonly<Record<string, unknown>>
type Placed = {readonly placement: Placement; readonly candidate: Candidate}
/** What follows a clone. */
interface After {
  readonly words: readonly string[]
  readonly options: GuestOptions
  /** The key of the disk that grows. */
  readonly disk: string
}
/** Nodes that are out, with the reason. */
type Refused = ReadonlyMap<string, string>

/** What clones are made with. */
export interface CloneMeans {
  readonly guests: GuestRepository
  readonly clones: CloneService
  readonly reach: ReachCheck
}

/** A request that has found its template. */
export interface CloneOrder<R> {
  readonly request: R
  /** The template and its twins. */
  readonly copies: readonly Guest[]
  readonly recipe: CloneRecipe<R>
  readonly linked: boolean
}

/** Clones of a template that was found. */
export class PreparedClones<R extends GuestCreateRequest> implements PreparedGuests {
  readonly #configs = new Map<number, ResultAsync<Config, Failure>>()

  constructor(
    private readonly order: CloneOrder<R>,
    private readonly tools: CloneMeans,
  ) {}

  place(guest: NamedGuest, resources: ClusterResources, careful: boolean): ResultAsync<PlacedGuest, Failure> {
    return new ResultAsync(this.find(guest.name, resources, careful)).andThen(({placed, refused}) =>
      this.steps(placed.candidate, careful).map((after) => this.placedGuest(guest, placed, refused, resources, after)),
    )
  }

  /**
   * The best node; with a careful look also at the template's disks, which otherwise only the server itself knows of, and at its bridges and devices. What is to be
   * started is worth that look, for the server makes it without them and cannot start it.
   */
  private async find(
    name: string,
    resources: ClusterResources,
    careful: boolean,
  ): Promise<Result<{placed: Placed; refused: Map<string, string>}, Failure>> {
    const refused = this.withoutStorages(resources)
    const looks = careful || this.order.request.start
    for (;;) {
      const placed = await this.tools.reach.placeWith(
        (out) => this.choose(name, resources, out),
        ({candidate}) => candidate.node,
        (node) => this.order.recipe.needs(this.order.request, node),
        refused,
      )
      if (placed.isErr()) return err(placed.error)
      const {candidate} = placed.value
      const {source} = candidate
      if (!looks || source.node === candidate.node) return ok({placed: placed.value, refused})
      const config = await this.config(source)
      if (config.isErr()) return err(config.error)
      const lack = await this.lack(config.value, candidate.node)
      if (lack !== undefined) {
        refused.set(candidate.node, lack)
        continue
      }

      const shared = new Set(resources.storages.filter((one) => one.shared).map((one) => one.storage))
      const local = this.storagesOf(config.value, candidate).filter((storage) => !shared.has(storage))
      if (local.length === 0) return ok({placed: placed.value, refused})
      refused.set(candidate.node, `the template's disks are on ${local.join(', ')}, local to ${source.node}`)
    }
  }

  /** Nodes that cannot hold its additional disks, which are made only once it is there. */
  private withoutStorages({nodes, storages}: ClusterResources): Map<string, string> {
    const {recipe, request} = this.order
    const needs = recipe.storages(request)
    return new Map(
      nodes.flatMap(({node}) => {
        const seen = storages.filter((one) => one.node === node)
        const why = lacking(needs, seen)
        return why === undefined ? [] : [[node, why] as const]
      }),
    )
  }

  /** What the clone, as it will be, does not find on a node. */
  private async lack(config: Config, node: string): Promise<string | undefined> {
    const {recipe, request} = this.order
    const options = recipe.options(request, node, config).unwrapOr({})
    const needs = guestNeeds(recipe.type, {...config, ...options})
    return needs.pins[0] ?? this.tools.reach.lack(node, needs)
  }

  /** Where the template's disks have to be seen from. A container's are copied to another storage on the way. */
  private storagesOf(config: Config, {storage}: Candidate): string[] {
    if (this.order.recipe.type === 'qemu') return diskStorages(config)
    if (storage !== undefined) return []
    return Object.entries(config).flatMap(([key, value]) =>
      isDiskKey('lxc', key) ? (readDisk('lxc', key, String(value)).storage ?? []) : [],
    )
  }

  private choose(name: string, resources: ClusterResources, refused: Refused): Result<Placed, Failure> {
    const {copies, linked, request} = this.order
    const {layers, node: named} = request
    const placement = placeClone(
      {
        ...demandOf(request, name),
        copies,
        memoryBytes: memoryFor(request, copies[0]?.memoryBytes),
        // A linked clone lives where its template does: a default storage cannot apply to it.
        storageOn: (node) => (linked ? undefined : creationOn(node, layers).storage),
        refused,
      },
      resources,
    )
    return chooseNode(placement, named, name, resources)
  }

  /** What follows the clone, in words. Only a plan is worth a look at the template. */
  private steps(candidate: Candidate, careful: boolean): ResultAsync<After, Failure> {
    const {recipe, request} = this.order
    const config =
      careful || recipe.needsTemplate(request) ? this.config(candidate.source) : okAsync<Config, Failure>({})
    return (
      config
        // Every template has a first NIC, as long as nobody has looked.
        .andThen((read) =>
          recipe.options(request, candidate.node, {...recipe.usual, ...read}).map((options) => ({options, read})),
        )
        .map(({options, read}) => {
          const {diskBytes} = this.finishOn(candidate)
          return {
            options,
            disk: recipe.disk(read),
            words: [
              ...optionSteps(options),
              ...(diskBytes === undefined ? [] : [`grow the boot disk to ${formatSize(diskBytes)}`]),
              ...startWords(request),
            ],
          }
        })
    )
  }

  private placedGuest(
    guest: NamedGuest,
    placed: Placed,
    refused: Refused,
    resources: ClusterResources,
    after: After,
  ): PlacedGuest {
    const {candidate} = placed
    const {linked, request} = this.order
    return {
      ...guest,
      node: candidate.node,
      placement: this.report(placed),
      source: templateSource(candidate),
      memoryBytes: memoryFor(request, candidate.source.memoryBytes) ?? 0,
      before: [],
      making: `${linked ? 'linked' : 'full'} clone of ${guestLabel(candidate.source)}`,
      after: after.words,
      parameters: after.options,
      warnings: [],
      native: (vmid) => this.native(guest.name, vmid, candidate, after),
      make: (patience, manner) => this.make(guest, placed, refused, resources, patience, manner),
    }
  }

  private async make(
    guest: NamedGuest,
    first: Placed,
    before: Refused,
    resources: ClusterResources,
    patience: Patience,
    manner: MakingManner,
  ): Promise<Result<MadeGuest, Failure>> {
    const cloned = await this.tools.clones.clone(
      this.wish(guest),
      (refused) =>
        refused.size === 0 ? ok(first) : this.choose(guest.name, resources, new Map([...before, ...refused])),
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

  private wish({name, vmid}: NamedGuest): CloneWish {
    const {linked, recipe, request} = this.order
    const {pool} = creationOn(undefined, request.layers)
    const description = recipe.descriptionOf(request)
    return {
      name,
      linked,
      ...vmidsFor(request),
      ...(vmid !== undefined && {vmid}),
      ...(pool !== undefined && {pool}),
      ...(description !== undefined && {description}),
    }
  }

  private finishOn({node, source}: Candidate): Finish {
    const {recipe, request} = this.order
    const {layers, removeOnFailure, start, waitFor} = request
    const {bridge, diskBytes} = creationOn(node, layers)
    return {
      start,
      waitFor,
      removeOnFailure,
      configuring: {
        options: (config) => recipe.options(request, node, config),
        readsConfig: recipe.needsTemplate(request) || bridge !== undefined,
      },
      // A disk that is big enough already needs nothing.
      ...(diskBytes !== undefined && diskBytes > (source.diskBytes ?? 0) && {diskBytes}),
    }
  }

  private native(name: string, vmid: number, candidate: Candidate, {disk, options}: After): NativeLine[] {
    const {node, source, storage} = candidate
    const {linked, name: _name, vmid: _vmid, vmidsOn: _vmidsOn, ...rest} = this.wish({name})
    const {type} = this.order.recipe
    const {diskBytes, start} = this.finishOn(candidate)
    const at = (command: string) => ({node, command})
    return [
      {
        node: source.node,
        command: guestCommand(type, 'clone', [source.vmid, vmid], {
          [type === 'qemu' ? 'name' : 'hostname']: name,
          full: !linked,
          ...(node !== source.node && {target: node}),
          ...(storage !== undefined && {storage}),
          ...rest,
        }),
      },
      ...(Object.keys(options).length > 0 ? nativeOptions(type, node, 'set', [vmid], options) : []),
      ...(diskBytes === undefined ? [] : [at(guestCommand(type, 'resize', [vmid, disk, proxmoxSize(diskBytes)]))]),
      ...(start ? [at(guestCommand(type, 'start', [vmid]))] : []),
    ]
  }

  private report({candidate, placement}: Placed): PlacementReport {
    const {request} = this.order
    return bound(request, placementReport(request.node !== undefined, placement, candidate))
  }

  private config(template: Guest): ResultAsync<Config, Failure> {
    const known = this.#configs.get(template.vmid) ?? this.tools.guests.config(template)
    this.#configs.set(template.vmid, known)
    return known
  }
}
