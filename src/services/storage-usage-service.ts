import {errAsync, okAsync, ResultAsync} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import type {Failure} from '../domain/failure.js'
import type {Guest, GuestType} from '../domain/guest.js'
import {naturalOrder} from '../domain/natural-order.js'
import type {StorageDefinition} from '../domain/storage-definition.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {NodeStorageRepository, StorageState, Volume} from '../repositories/node-storage-repository.js'
import type {StorageRepository} from '../repositories/storage-repository.js'
import {fanOut} from './fan-out.js'
import {placesOf, placesOffline, type Bounds, type StoragePlace} from './storage-service.js'

/** Volumes of one kind. */
export interface VolumeSum {
  readonly count: number
  /** What guests see, or how long the files are; thin disks and deduplicated backups take up less. */
  readonly sizeBytes: number
  /** What they take up; absent where one of them does not say. */
  readonly usedBytes?: number
}

/** What one storage is full of. */
export interface StorageUsage {
  readonly storage: string
  /** Absent on shared storage. */
  readonly node?: string
  readonly type: string
  readonly shared: boolean
  readonly totalBytes?: number
  readonly usedBytes?: number
  readonly freeBytes?: number
  /** 0..1 */
  readonly usedFraction?: number
  /** By what Proxmox VE files them under: `images`, `rootdir`, `iso`, …; absent where they could not be listed. */
  readonly volumes?: Readonly<Record<string, VolumeSum>>
  readonly error?: string
}

/** What belongs to one guest, on all storages. */
export interface GuestUsage {
  readonly vmid: number
  /** Absent where there is no such guest any more, or this login may not see it. */
  readonly name?: string
  readonly type?: GuestType
  readonly node?: string
  readonly disks?: VolumeSum
  readonly backups?: VolumeSum
  /** Of the newest backup. */
  readonly newestBackupAt?: string
  readonly storages: readonly string[]
}

export interface UsageReport {
  readonly storages: readonly StorageUsage[]
  readonly guests: readonly GuestUsage[]
  /** Storages that could not be looked into, so that sums may lack what lies there. */
  readonly failed: readonly Failure[]
  /** Storages that were not asked, because their nodes are offline. */
  readonly offline: readonly StoragePlace[]
}

type Listed = StoragePlace & {readonly volumes: readonly Volume[] | undefined; readonly error?: Failure}

/** How full storages are, and of what and of whose. */
export class StorageUsageService {
  constructor(
    private readonly definitions: StorageRepository,
    private readonly nodeStorages: NodeStorageRepository,
    private readonly cluster: ClusterRepository,
  ) {}

  /**
   * Looks into every storage that is enabled and reachable, a few at a time.
   * @param find the definitions that are meant; a failure for a name that there is not
   */
  usage(
    find: (all: readonly StorageDefinition[]) => ResultAsync<readonly StorageDefinition[], Failure>,
    bounds: Bounds,
  ): ResultAsync<UsageReport, Failure> {
    return ResultAsync.combine([
      this.definitions.list().andThen((all) => find(all)),
      this.cluster.resources(),
    ] as const).andThen(([definitions, resources]) =>
      ResultAsync.fromSafePromise(this.report(definitions, resources, bounds)),
    )
  }

  private async report(
    definitions: readonly StorageDefinition[],
    resources: ClusterResources,
    bounds: Bounds,
  ): Promise<UsageReport> {
    const places = placesOf(definitions, resources)
    const [states, listed] = await Promise.all([this.statesOf(places, bounds), this.listed(places, bounds)])
    return {
      storages: listed
        .map((one) => usageOf(one, definitions, states.get(one.node)))
        .sort((a, b) => naturalOrder(a.storage, b.storage) || naturalOrder(a.node, b.node)),
      guests: guestUsages(listed, resources.guests),
      failed: listed.flatMap(({error}) => error ?? []),
      offline: placesOffline(definitions, resources),
    }
  }

  /** What each node says of its storages; nothing from one that does not answer. */
  private async statesOf(
    places: readonly StoragePlace[],
    {parallel, signal}: Bounds,
  ): Promise<ReadonlyMap<string, readonly StorageState[]>> {
    const nodes = [...new Set(places.map(({node}) => node))]
    const done = await fanOut(
      nodes,
      (node) => node,
      (node) => this.nodeStorages.list(node),
      {parallel, failFast: false, ...(signal && {signal})},
    )
    return new Map(done.map((result) => [result.target, result.ok ? result.value : []]))
  }

  private async listed(places: readonly StoragePlace[], {parallel, signal}: Bounds): Promise<Listed[]> {
    const done = await fanOut(
      places,
      ({node, storage}) => `${storage} on ${node}`,
      (place) =>
        this.nodeStorages
          .volumes(place.node, place.storage)
          .map((volumes): Listed => ({...place, volumes}))
          .orElse((error) => okAsync<Listed, Failure>({...place, volumes: undefined, error})),
      {parallel, failFast: false, ...(signal && {signal})},
    )
    return done.flatMap((result) => (result.ok ? [result.value] : []))
  }
}

/** The storages with these names, or all of them that are enabled. */
export function named(
  names: readonly string[],
  missing: (name: string, all: readonly StorageDefinition[]) => Failure,
): (all: readonly StorageDefinition[]) => ResultAsync<readonly StorageDefinition[], Failure> {
  return (all) => {
    if (names.length === 0) return okAsync(all)
    const unknown = names.find((name) => !all.some(({storage}) => storage === name))
    return unknown === undefined
      ? okAsync(all.filter(({storage}) => names.includes(storage)))
      : errAsync(missing(unknown, all))
  }
}

function usageOf(
  {error, node, shared, storage, volumes}: Listed,
  definitions: readonly StorageDefinition[],
  states: readonly StorageState[] = [],
): StorageUsage {
  const state = states.find((one) => one.storage === storage && one.active)
  const {freeBytes, totalBytes, usedBytes} = state ?? {}
  return {
    storage,
    ...(!shared && {node}),
    type: definitions.find((one) => one.storage === storage)?.type ?? '',
    shared,
    ...(totalBytes !== undefined && {totalBytes}),
    ...(usedBytes !== undefined && {usedBytes}),
    ...(freeBytes !== undefined && {freeBytes}),
    ...(totalBytes !== undefined &&
      usedBytes !== undefined &&
      totalBytes > 0 && {usedFraction: usedBytes / totalBytes}),
    ...(volumes && {volumes: sumsByContent(volumes)}),
    ...(error && {error: error.message}),
  }
}

function sumsByContent(volumes: readonly Volume[]): Record<string, VolumeSum> {
  const kinds = [...new Set(volumes.map(({content}) => content))].sort()
  return Object.fromEntries(kinds.map((kind) => [kind, sumOf(volumes.filter(({content}) => content === kind))]))
}

function sumOf(volumes: readonly Volume[]): VolumeSum {
  const all = volumes.every(({usedBytes}) => usedBytes !== undefined)
  return {
    count: volumes.length,
    sizeBytes: volumes.reduce((sum, {sizeBytes = 0}) => sum + sizeBytes, 0),
    ...(all && {usedBytes: volumes.reduce((sum, {usedBytes = 0}) => sum + usedBytes, 0)}),
  }
}

/** By VMID; guests without any volume are left out. */
function guestUsages(listed: readonly Listed[], guests: readonly Guest[]): GuestUsage[] {
  const owned = new Map<number, {readonly storage: string; readonly volume: Volume}[]>()
  for (const {storage, volumes = []} of listed)
    for (const volume of volumes) {
      if (volume.vmid === undefined) continue
      const list = owned.get(volume.vmid)
      if (list === undefined) owned.set(volume.vmid, [{storage, volume}])
      else list.push({storage, volume})
    }

  const known = new Map(guests.map((guest) => [guest.vmid, guest]))
  return [...owned]
    .sort(([a], [b]) => a - b)
    .map(([vmid, entries]): GuestUsage => {
      const guest = known.get(vmid)
      const disks = entries.flatMap(({volume}) => (volume.content === 'backup' ? [] : [volume]))
      const backups = entries.flatMap(({volume}) => (volume.content === 'backup' ? [volume] : []))
      const newest = backups
        .flatMap(({createdAt}) => createdAt ?? [])
        .sort()
        .at(-1)
      return {
        vmid,
        ...(guest?.name !== undefined && {name: guest.name}),
        ...(guest && {type: guest.type, node: guest.node}),
        ...(disks.length > 0 && {disks: sumOf(disks)}),
        ...(backups.length > 0 && {backups: sumOf(backups)}),
        ...(newest !== undefined && {newestBackupAt: newest}),
        storages: [...new Set(entries.map(({storage}) => storage))].sort(naturalOrder),
      }
    })
}
