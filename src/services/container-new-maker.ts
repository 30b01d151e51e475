import {err, errAsync, ok, ResultAsync, type Result} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {creationOn} from '../domain/creation-layers.js'
import {defaultStorage} from '../domain/default-storage.js'
import {failure, type Failure} from '../domain/failure.js'
import type {GuestOptions} from '../domain/guest-options.js'
import type {StorageNeed} from '../domain/guest-placement.js'
import {guestCommand, pveshCommand, type NativeLine} from '../domain/native-command.js'
import {
  containerBridges,
  containerStorageNeeds,
  DEFAULT_CONTAINER_MEMORY_BYTES,
  leavesStorageOpen,
  newContainerOptions,
} from '../domain/new-container-options.js'
import {rootOnlyContainerOptions} from '../domain/root-options.js'
import {checkNode} from './choose-node.js'
import type {ContainerCreateRequest} from './container-create-request.js'
import type {ContainerSource, ContainerSourceService, FoundSource} from './container-source-service.js'
import type {GuestSource} from './guest-create-report.js'
import {bound, demandOf, memoryFor, startWords, vmidsFor, type NamedGuest} from './guest-create-request.js'
import type {GuestMaker, MadeGuest, MakingManner, PlacedGuest, PreparedGuests} from './guest-maker.js'
import {checkRootOnly, nativeOptions} from './guest-native.js'
import type {GuestPlace, NewGuestService} from './new-guest-service.js'
import type {Patience} from './patience.js'
import type {ReachCheck} from './reach-check.js'

/** What containers that are made from files are made with. */
interface Tools {
  readonly creations: NewGuestService
  readonly reach: ReachCheck
  readonly sources: ContainerSourceService
}

/** Containers that are made from a template file or an OCI image. */
export class ContainerNewMaker implements GuestMaker<ContainerCreateRequest> {
  constructor(private readonly tools: Tools) {}

  prepare(request: ContainerCreateRequest, resources: ClusterResources): ResultAsync<PreparedGuests, Failure> {
    const {fetch, name, node, source} = request
    if (source.kind === 'appliance' && source.linked === true) {
      return errAsync(
        failure('usage', `--linked goes with a template, and no container template is called "${source.name}"`, {
          hint: 'Leave it out, or see: homelab proxmox template list',
          details: {field: 'linked'},
        }),
      )
    }

    return (node === undefined ? ok(undefined) : checkNode(node, name, resources))
      .asyncAndThen(() => this.tools.sources.find(source, resources, node, fetch))
      .map((found) => new PreparedContainers(request, found, this.tools))
  }
}

class PreparedContainers implements PreparedGuests {
  constructor(
    private readonly request: ContainerCreateRequest,
    private readonly found: FoundSource,
    private readonly tools: Tools,
  ) {}

  place(guest: NamedGuest, resources: ClusterResources): ResultAsync<PlacedGuest, Failure> {
    const {layers, node: named, setup} = this.request
    const demand = {
      ...demandOf(this.request, guest.name),
      ...(named !== undefined && {node: named}),
      memoryBytes: memoryFor(this.request, DEFAULT_CONTAINER_MEMORY_BYTES) ?? DEFAULT_CONTAINER_MEMORY_BYTES,
      storagesOn: (node: string) => this.needsOn(node, resources),
    }
    const placed = this.tools.reach.placeWith(
      (refused) => this.tools.creations.place(demand, resources, refused),
      (place) => place.node,
      (node) => ({bridges: containerBridges({creation: creationOn(node, layers), setup}), devices: []}),
      new Map(),
    )
    return new ResultAsync(placed).andThen((place) =>
      this.storageOn(place.node, resources).andThen((storage) =>
        this.settle(guest, place, storage, demand.memoryBytes),
      ),
    )
  }

  private settle(
    guest: NamedGuest,
    place: GuestPlace,
    storage: string,
    memoryBytes: number,
  ): Result<PlacedGuest, Failure> {
    const {layers, password, rootLogin, setup} = this.request
    const {name, vmid} = guest
    const {node} = place
    const volume = volumeOn(this.found, node).unwrapOr('')
    const creation = creationOn(node, layers)
    const secret = password === undefined ? {} : {password}
    const parameters = newContainerOptions({name, volume, setup, creation, storage, ...secret})
    const {ostemplate: _, ...options} = parameters
    const line = () => guestCommand('lxc', 'create', [vmid ?? 'VMID', volume], options)
    const rootOnly = rootOnlyContainerOptions(parameters, setup.privileged ?? false)
    return checkRootOnly(rootOnly, {node, rootLogin, line}).map(() => {
      const placed = {...place, placement: bound(this.request, place.placement)}
      const isMissing = this.found.volumeOn(node) === undefined
      return {
        ...guest,
        ...placed,
        source: reportSource(this.request.source, volume),
        memoryBytes,
        before: isMissing ? [`fetch ${volume}`] : [],
        making: `create from ${volume}`,
        after: startWords(this.request),
        parameters,
        warnings: [],
        native: (id) => [
          ...(isMissing ? [fetchLine(this.request.source, node, volume)] : []),
          ...nativeOptions('lxc', node, 'create', [id, volume], options),
          ...(this.request.start ? [{node, command: guestCommand('lxc', 'start', [id])}] : []),
        ],
        make: (patience, manner) => this.make(guest, placed, volume, parameters, patience, manner),
      }
    })
  }

  private async make(
    guest: NamedGuest,
    place: GuestPlace,
    volume: string,
    parameters: GuestOptions,
    patience: Patience,
    manner: MakingManner,
  ): Promise<Result<MadeGuest, Failure>> {
    const fetched = await this.tools.sources.fetch(this.found, place.node, patience)
    if (fetched.isErr()) return err(fetched.error)
    const wish = {type: 'lxc' as const, ...guest, ...vmidsFor(this.request), parametersOn: () => parameters}
    const made = await this.tools.creations.create(wish, place, patience, manner)
    const {removeOnFailure, source, start, waitFor} = this.request
    const {task: download} = fetched.value
    return made.map(({node, placement, task, vmid}) => ({
      vmid,
      node,
      placement,
      source: reportSource(source, volume),
      task,
      steps: download === undefined ? [] : [{step: 'fetch', task: download}],
      finish: {start, waitFor, removeOnFailure},
    }))
  }

  /** The storages it will use there, or why it cannot be there. A choice that is left open is no obstacle yet. */
  private needsOn(node: string, resources: ClusterResources): string | readonly StorageNeed[] {
    const volume = volumeOn(this.found, node)
    if (volume.isErr()) return volume.error
    const storage = this.storageOn(node, resources)
    if (storage.isErr()) return storage.error.kind === 'refused' ? storage.error.message : []
    const {layers, setup} = this.request
    return containerStorageNeeds({creation: creationOn(node, layers), setup, storage: storage.value})
  }

  private storageOn(node: string, {storages}: ClusterResources): Result<string, Failure> {
    const creation = creationOn(node, this.request.layers)
    if (creation.storage !== undefined) return ok(creation.storage)
    return leavesStorageOpen({creation, setup: this.request.setup})
      ? defaultStorage(node, 'lxc', storages, '--storage')
      : ok('')
  }
}

/** The volume on a node, now or once it is fetched, or why there is none. */
function volumeOn(found: FoundSource, node: string): Result<string, string> {
  const there = found.volumeOn(node)
  if (there !== undefined) return ok(there)
  return found.fetchTo?.(node).map(({volume}) => volume) ?? err('the container template is on no storage there')
}

function reportSource(source: ContainerSource, volume: string): GuestSource {
  return source.kind === 'oci' ? {kind: 'oci', volume, reference: source.reference} : {kind: source.kind, volume}
}

function fetchLine(source: ContainerSource, node: string, volume: string): NativeLine {
  const [storage = '', path = ''] = volume.split(':', 2)
  const file = path.slice(path.lastIndexOf('/') + 1)
  if (source.kind !== 'oci') return {node, command: `pveam download ${storage} ${file}`}
  const pull = {reference: source.reference, filename: file.replace(/\.tar$/, '')}
  return {node, command: pveshCommand('post', `/nodes/${node}/storage/${storage}/oci-registry-pull`, pull)}
}
