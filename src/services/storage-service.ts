import {errAsync, okAsync, ResultAsync} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import type {Guest} from '../domain/guest.js'
import {naturalOrder} from '../domain/natural-order.js'
import {nodesOf, type StorageDefinition} from '../domain/storage-definition.js'
import {closest} from '../domain/suggest.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {NodeStorageRepository, Volume} from '../repositories/node-storage-repository.js'
import type {StorageRepository} from '../repositories/storage-repository.js'
import {fanOut, type TargetResult} from './fan-out.js'

/** `partly`: on some of its nodes only. `unknown`: a node is offline, or does not say. */
export type StorageStatus = 'available' | 'disabled' | 'partly' | 'unknown'

interface StorageFacts {
  readonly storage: string
  readonly type: string
  readonly content: readonly string[]
  readonly shared: boolean
  readonly enabled: boolean
  readonly status: StorageStatus
  readonly totalBytes?: number
  readonly usedBytes?: number
  /** 0..1 */
  readonly usedFraction?: number
}

/** A storage, wherever it is. Figures of one that is not shared are the sums over its nodes; absent where one of them does not say. */
export interface StorageRow extends StorageFacts {
  readonly nodes: readonly string[]
}

/** A storage on one node. */
export interface NodeStorageRow extends StorageFacts {
  readonly node: string
}

export type NodeState = 'active' | 'disabled' | 'inactive' | 'offline' | 'unanswered'

/** What a node makes of a storage, asked just now. */
export interface StorageOnNode {
  readonly node: string
  readonly state: NodeState
  /** Why it is not active, in the node's words. */
  readonly error?: string
  readonly totalBytes?: number
  readonly usedBytes?: number
  readonly freeBytes?: number
}

export interface StorageReport extends StorageDefinition {
  readonly states: readonly StorageOnNode[]
}

/** A volume with whose it is. */
export interface VolumeRow extends Volume {
  readonly storage: string
  /** Where it lies; absent on shared storage. */
  readonly node?: string
  /** The name of the guest whose disk or backup it is. */
  readonly guest?: string
}

export interface ContentFilter {
  readonly node?: string
  readonly content?: string
  readonly vmid?: number
}

export interface Bounds {
  readonly parallel: number
  readonly signal?: AbortSignal
}

/** A storage at a node that can list what lies there; for a shared one any of its nodes. */
export interface StoragePlace {
  readonly storage: string
  readonly node: string
  readonly shared: boolean
}

/** Storages: how they are defined, what their nodes make of them and what lies on them. */
export class StorageService {
  constructor(
    private readonly definitions: StorageRepository,
    private readonly nodeStorages: NodeStorageRepository,
    private readonly cluster: ClusterRepository,
  ) {}

  list(): ResultAsync<StorageRow[], Failure> {
    return this.known().map(({definitions, resources}) =>
      definitions.map((definition) => rowOf(definition, rowsByNode(definition, resources))).sort(byName),
    )
  }

  /** One entry for each node that a storage is for. */
  listByNode(): ResultAsync<NodeStorageRow[], Failure> {
    return this.known().map(({definitions, resources}) =>
      definitions
        .flatMap((definition) => rowsByNode(definition, resources))
        .sort((a, b) => byName(a, b) || naturalOrder(a.node, b.node)),
    )
  }

  /** A definition by its name; `not-found` suggests the nearest. */
  find(name: string): ResultAsync<StorageDefinition, Failure> {
    return this.definitions.list().andThen((all) => {
      const found = all.find(({storage}) => storage === name)
      return found === undefined ? errAsync(noStorage(name, all)) : okAsync(found)
    })
  }

  /** The definition, and what each of its nodes makes of it now. */
  show(name: string, bounds: Bounds): ResultAsync<StorageReport, Failure> {
    return ResultAsync.combine([this.find(name), this.cluster.resources('node')] as const).andThen(
      ([definition, resources]) =>
        ResultAsync.fromSafePromise(this.states(definition, resources, bounds)).map((states) => ({
          ...definition,
          states,
        })),
    )
  }

  /** What each node of a storage makes of it, asked now: a node tries to activate what is not. */
  async states(
    definition: StorageDefinition,
    {nodes}: Pick<ClusterResources, 'nodes'>,
    {parallel, signal}: Bounds,
  ): Promise<StorageOnNode[]> {
    const members = nodes.map(({node}) => node)
    const targets = nodesOf(definition, members)
    if (!definition.enabled) return targets.map((node) => ({node, state: 'disabled'}))
    const online = new Set(nodes.filter(({status}) => status !== 'offline').map(({node}) => node))
    const done = await fanOut(
      targets,
      (node) => node,
      (node) =>
        online.has(node) ? this.stateOn(definition, node) : okAsync<StorageOnNode, Failure>({node, state: 'offline'}),
      {parallel, failFast: false, ...(signal && {signal})},
    )
    return done.map((result) =>
      result.ok ? result.value : {node: result.target, state: 'unanswered', error: result.error.message},
    )
  }

  /** Volumes of a storage; on local storage those of each of its nodes. A node that does not answer is an error of its own. */
  content(
    name: string,
    filter: ContentFilter,
    bounds: Bounds,
  ): ResultAsync<
    {
      readonly volumes: VolumeRow[]
      readonly failed: readonly Failure[]
      /** Not asked, because their nodes are offline. */
      readonly offline: readonly StoragePlace[]
    },
    Failure
  > {
    return ResultAsync.combine([this.find(name), this.cluster.resources()] as const).andThen(
      ([definition, resources]) => {
        const places = placesOf([definition], resources, filter.node)
        if (!definition.enabled)
          return errAsync(
            failure('refused', `storage "${name}" is disabled`, {
              hint: `Enable it: homelab proxmox storage enable ${name}`,
              details: {storage: name},
            }),
          )
        if (places.length === 0) return errAsync(nowhere(definition, resources, filter.node))
        return ResultAsync.fromSafePromise(this.volumesAt(places, filter, bounds)).andThen((done) => {
          const failed = done.flatMap((result) => (result.ok ? [] : [result.error]))
          if (failed.length === done.length && failed[0] !== undefined) return errAsync(failed[0])
          const volumes = done.flatMap((result, index) =>
            result.ok ? volumeRows(places[index] as StoragePlace, result.value, resources.guests) : [],
          )
          return okAsync({volumes, failed, offline: placesOffline([definition], resources, filter.node)})
        })
      },
    )
  }

  /** What lies at several places, a few requests at a time. */
  volumesAt(
    places: readonly StoragePlace[],
    {content, vmid}: ContentFilter,
    {parallel, signal}: Bounds,
  ): Promise<TargetResult<Volume[]>[]> {
    return fanOut(
      places,
      ({node, storage}) => `${storage} on ${node}`,
      ({node, storage}) =>
        this.nodeStorages.volumes(node, storage, {
          ...(content !== undefined && {content}),
          ...(vmid !== undefined && {vmid}),
        }),
      {parallel, failFast: false, ...(signal && {signal})},
    )
  }

  private known(): ResultAsync<
    {readonly definitions: StorageDefinition[]; readonly resources: ClusterResources},
    Failure
  > {
    return ResultAsync.combine([this.definitions.list(), this.cluster.resources()] as const).map(
      ([definitions, resources]) => ({definitions, resources}),
    )
  }

  private stateOn({storage}: StorageDefinition, node: string): ResultAsync<StorageOnNode, Failure> {
    return this.nodeStorages.list(node, {storage}).andThen((states) => {
      const state = states.find((one) => one.storage === storage)
      if (state === undefined || !state.enabled) return okAsync<StorageOnNode, Failure>({node, state: 'disabled'})
      const {active, freeBytes, totalBytes, usedBytes} = state
      // The figures of what is not active are zeros that mean nothing.
      if (!active) return this.whyInactive(storage, node)
      return okAsync<StorageOnNode, Failure>({
        node,
        state: 'active',
        ...(totalBytes !== undefined && {totalBytes}),
        ...(usedBytes !== undefined && {usedBytes}),
        ...(freeBytes !== undefined && {freeBytes}),
      })
    })
  }

  /** Only a request that needs the storage is told why there is none. */
  private whyInactive(storage: string, node: string): ResultAsync<StorageOnNode, Failure> {
    return this.nodeStorages
      .volumes(node, storage)
      .map((): StorageOnNode => ({node, state: 'inactive'}))
      .orElse((why) => okAsync<StorageOnNode, Failure>({node, state: 'inactive', error: why.message}))
  }
}

/**
 * Where storages can be looked into: each node's own, and one node for what is shared; not those that are disabled or on nodes that are offline.
 * @param only this node, and the shared ones it has
 */
export function placesOf(
  definitions: readonly StorageDefinition[],
  {nodes, storages}: Pick<ClusterResources, 'nodes' | 'storages'>,
  only?: string,
): StoragePlace[] {
  const online = nodes.filter(({status}) => status !== 'offline').map(({node}) => node)
  const available = new Set(storages.filter((one) => one.available).map(({node, storage}) => `${node} ${storage}`))
  return definitions
    .filter(({enabled}) => enabled)
    .flatMap(({nodes: limits, shared, storage}) => {
      const able = nodesOf({nodes: limits ?? online}, online).filter(
        (node) => online.includes(node) && (only === undefined || node === only),
      )
      const first = able.find((node) => available.has(`${node} ${storage}`)) ?? able[0]
      const chosen = shared ? (first === undefined ? [] : [first]) : able
      return chosen.map((node) => ({storage, node, shared}))
    })
}

/** What `placesOf` leaves out because a node is offline; not what is shared and can be seen from another node. */
export function placesOffline(
  definitions: readonly StorageDefinition[],
  resources: Pick<ClusterResources, 'nodes' | 'storages'>,
  only?: string,
): StoragePlace[] {
  const members = resources.nodes.map(({node}) => node)
  const seen = placesOf(definitions, resources, only)
  return definitions
    .filter(({enabled}) => enabled)
    .flatMap((definition) => {
      const {shared, storage} = definition
      const isSeen = (node: string): boolean =>
        seen.some((one) => one.storage === storage && (shared || one.node === node))
      return nodesOf(definition, members)
        .filter((node) => (only === undefined || node === only) && !isSeen(node))
        .map((node) => ({storage, node, shared}))
    })
}

/** With the names of their guests, by name. */
export function volumeRows(
  {node, shared, storage}: StoragePlace,
  volumes: readonly Volume[],
  guests: readonly Guest[],
): VolumeRow[] {
  const names = new Map(guests.map(({name, vmid}) => [vmid, name]))
  return volumes
    .map((volume): VolumeRow => {
      const guest = volume.vmid === undefined ? undefined : names.get(volume.vmid)
      return {...volume, storage, ...(!shared && {node}), ...(guest !== undefined && {guest})}
    })
    .sort((a, b) => naturalOrder(a.volume, b.volume))
}

function rowsByNode(definition: StorageDefinition, {nodes, storages}: ClusterResources): NodeStorageRow[] {
  const {content, enabled, shared, storage, type} = definition
  const offline = new Set(nodes.filter(({status}) => status === 'offline').map(({node}) => node))
  return nodesOf(
    definition,
    nodes.map(({node}) => node),
  ).map((node): NodeStorageRow => {
    const here = storages.find((one) => one.storage === storage && one.node === node)
    // For five minutes a dead node's storages keep their last figures (reference 2.10).
    const available = here?.available === true && !offline.has(node)
    return {
      storage,
      node,
      type,
      content,
      shared,
      enabled,
      status: enabled ? (available ? 'available' : 'unknown') : 'disabled',
      ...(available && figures(here)),
    }
  })
}

function rowOf(
  {content, enabled, shared, storage, type}: StorageDefinition,
  rows: readonly NodeStorageRow[],
): StorageRow {
  const there = rows.filter(({status}) => status === 'available')
  const status = !enabled
    ? 'disabled'
    : there.length === 0
      ? 'unknown'
      : there.length < rows.length
        ? 'partly'
        : 'available'
  return {
    storage,
    type,
    content,
    shared,
    enabled,
    nodes: rows.map(({node}) => node),
    status,
    ...figures(shared ? there[0] : sumOf(rows)),
  }
}

function sumOf(rows: readonly NodeStorageRow[]): {readonly totalBytes?: number; readonly usedBytes?: number} {
  if (rows.length === 0 || rows.some(({totalBytes, usedBytes}) => totalBytes === undefined || usedBytes === undefined))
    return {}
  return {
    totalBytes: rows.reduce((sum, {totalBytes = 0}) => sum + totalBytes, 0),
    usedBytes: rows.reduce((sum, {usedBytes = 0}) => sum + usedBytes, 0),
  }
}

function figures({totalBytes, usedBytes}: {readonly totalBytes?: number; readonly usedBytes?: number} = {}): Pick<
  StorageFacts,
  'totalBytes' | 'usedBytes' | 'usedFraction'
> {
  return {
    ...(totalBytes !== undefined && {totalBytes}),
    ...(usedBytes !== undefined && {usedBytes}),
    ...(totalBytes !== undefined &&
      usedBytes !== undefined &&
      totalBytes > 0 && {usedFraction: usedBytes / totalBytes}),
  }
}

function byName(a: {readonly storage: string}, b: {readonly storage: string}): number {
  return naturalOrder(a.storage, b.storage)
}

/** Suggests the nearest name there is. */
export function noStorage(name: string, all: readonly StorageDefinition[]): Failure {
  const names = all.map(({storage}) => storage)
  const near = closest(name, names)
  return failure('not-found', `there is no storage "${name}", or this login may not see it`, {
    hint: `${near === undefined ? '' : `Did you mean "${near}"? `}The storages are: ${names.join(', ') || 'none'}`,
    details: {storage: name, storages: names},
  })
}

function nowhere(definition: StorageDefinition, {nodes}: ClusterResources, node: string | undefined): Failure {
  const {storage} = definition
  const members = nodes.map((one) => one.node)
  const there = nodesOf(definition, members)
  if (node !== undefined && !members.includes(node)) {
    const near = closest(node, members)
    return failure('not-found', `there is no node "${node}"`, {
      hint: `${near === undefined ? '' : `Did you mean "${near}"? `}The nodes are: ${members.sort(naturalOrder).join(', ')}`,
      details: {node},
    })
  }

  return node === undefined || there.includes(node)
    ? failure('node-offline', `storage "${storage}" cannot be looked into: ${node ?? there.join(', ')} is offline`, {
        hint: 'See who is online: homelab proxmox cluster status',
        details: {storage, nodes: there},
      })
    : failure('refused', `storage "${storage}" is not for node ${node}, only for ${there.join(', ')}`, {
        hint: `Look at it on one of them: --node ${there[0] ?? 'NODE'}`,
        details: {storage, node, nodes: there},
      })
}
