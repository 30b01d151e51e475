import {errAsync, okAsync, ResultAsync} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import type {GuestSettings} from '../domain/guest-settings.js'
import {naturalOrder} from '../domain/natural-order.js'
import type {StorageDefinition} from '../domain/storage-definition.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {DeviceRepository} from '../repositories/device-repository.js'
import type {GuestJobRepository} from '../repositories/guest-job-repository.js'
import type {Volume} from '../repositories/node-storage-repository.js'
import type {StorageRepository} from '../repositories/storage-repository.js'
import {fanOut} from './fan-out.js'
import type {NodeLimit} from './node-limit.js'
import {following} from './relocation.js'
import {noStorage, placesOf, type Bounds, type StorageService} from './storage-service.js'

/** A guest that needs a storage, and for what. */
export interface StorageUser {
  readonly vmid: number
  readonly name?: string
  readonly type: GuestType
  readonly node: string
  /** Its disks and media there, and what its configuration names of it. */
  readonly volumes: readonly string[]
}

/** What is to be removed and what hangs on it. */
export interface StorageRemoval {
  readonly storage: string
  readonly type: string
  readonly guests: readonly StorageUser[]
  /** Ids of backup jobs that save to it. */
  readonly backupJobs: readonly string[]
  /** Ids of replication jobs of guests with disks there. */
  readonly replicationJobs: readonly string[]
  /** Storages that lie on it: LVM on the LUNs of a target. */
  readonly storages: readonly string[]
  /** How many volumes stay where they are, by kind. */
  readonly stays: Readonly<Record<string, number>>
  /** Why not all that lies there could be seen. */
  readonly unseen: readonly string[]
  /** Guests and jobs that could not be looked at, so that more may hang on it. */
  readonly unknown: readonly string[]
}

interface Parts {
  readonly definitions: StorageRepository
  readonly storages: StorageService
  readonly cluster: ClusterRepository
  readonly devices: DeviceRepository
  readonly jobs: GuestJobRepository
  readonly limit: NodeLimit
}

/** Texts that are free, and may look like the id of a volume. */
const FREE_TEXT: ReadonlySet<string> = new Set(['args', 'description', 'hostname', 'name', 'searchdomain', 'tags'])

/** Removing the definition of a storage, after a look at who needs it. */
export class StorageRemovalService {
  constructor(private readonly parts: Parts) {}

  /** Sends GET requests only. */
  inspect(name: string, bounds: Bounds): ResultAsync<StorageRemoval, Failure> {
    const {cluster, definitions, jobs} = this.parts
    return ResultAsync.combine([definitions.list(), cluster.resources()] as const).andThen(([all, resources]) => {
      const definition = all.find(({storage}) => storage === name)
      if (definition === undefined) return errAsync(noStorage(name, all))
      const looked = Promise.all([
        this.volumes(definition, resources, bounds),
        this.configurations(resources, bounds),
        jobs.backups(),
        jobs.replications(),
      ])
      return ResultAsync.fromSafePromise(looked).map(([lying, configured, backups, replications]): StorageRemoval => {
        const guests = usersOf(name, resources.guests, lying.volumes, configured.settings)
        const users = new Set(guests.map(({vmid}) => vmid))
        return {
          storage: name,
          type: definition.type,
          guests,
          backupJobs: backups
            .unwrapOr([])
            .filter(({storages}) => storages?.includes(name) === true)
            .map(({id}) => id),
          replicationJobs: replications
            .unwrapOr([])
            .filter(({vmids}) => vmids.some((vmid) => users.has(vmid)))
            .map(({id}) => id),
          storages: all
            .filter(({options}) => String(options['base'] ?? '').startsWith(`${name}:`))
            .map(({storage}) => storage),
          stays: countByContent(lying.volumes),
          unseen: lying.unseen,
          unknown: [
            ...configured.unknown,
            ...[backups, replications].flatMap((result) => (result.isErr() ? [result.error.message] : [])),
          ],
        }
      })
    })
  }

  /** Removes the definition; what lies there stays. Proxmox VE does not ask who needs it, so `obstacleOf` comes first. */
  remove({storage}: StorageRemoval): ResultAsync<void, Failure> {
    const {definitions} = this.parts
    const isGone = () => definitions.list().map((all) => !all.some((one) => one.storage === storage))
    return definitions
      .remove(storage)
      .orElse((failed) =>
        // Where the answer was lost, and where somebody else was quicker, it may be gone all the same.
        isGone()
          .orElse(() => errAsync(failed))
          .andThen((gone) => (gone ? okAsync(undefined) : errAsync(failed))),
      )
      .andThen(isGone)
      .andThen((gone) =>
        gone
          ? okAsync(undefined)
          : errAsync(
              failure('unexpected', `storage "${storage}" is still there, though the server said that it was removed`),
            ),
      )
  }

  private async volumes(
    definition: StorageDefinition,
    resources: ClusterResources,
    bounds: Bounds,
  ): Promise<{readonly volumes: readonly Volume[]; readonly unseen: readonly string[]}> {
    if (!definition.enabled)
      return {volumes: [], unseen: [`storage "${definition.storage}" is disabled, so nobody sees what lies there`]}
    const places = placesOf([definition], resources)
    const dead = resources.nodes
      .filter(
        ({node, status}) => status === 'offline' && (definition.nodes ?? [node]).includes(node) && !definition.shared,
      )
      .map(({node}) => `node ${node} is offline, so nobody sees what lies there`)
    const done = await this.parts.storages.volumesAt(places, {}, bounds)
    return {
      volumes: done.flatMap((result) => (result.ok ? result.value : [])),
      unseen: [...dead, ...done.flatMap((result) => (result.ok ? [] : [result.error.message]))],
    }
  }

  private async configurations(
    {guests: all, nodes}: Pick<ClusterResources, 'guests' | 'nodes'>,
    {parallel, signal}: Bounds,
  ): Promise<{readonly settings: ReadonlyMap<number, GuestSettings>; readonly unknown: readonly string[]}> {
    const {cluster, devices, limit} = this.parts
    const settings = new Map<number, GuestSettings>()
    const offline = new Set(nodes.filter(({status}) => status === 'offline').map(({node}) => node))
    const guests = all.filter(({node}) => !offline.has(node))
    const unknown = all
      .filter(({node}) => offline.has(node))
      .map((guest) => `${guestLabel(guest)} is on ${guest.node}, which is offline`)
    const done = await fanOut(
      guests,
      (guest) => guestLabel(guest),
      (guest) => limit.run(guest.node, async () => following(cluster, guest, (there) => devices.settings(there))),
      {parallel, failFast: false, ...(signal && {signal})},
    )
    for (const [index, result] of done.entries()) {
      const guest = guests[index] as Guest
      if (result.ok) settings.set(guest.vmid, result.value)
      // One that is gone needs nothing any more.
      else if (result.error.kind !== 'not-found') unknown.push(result.error.message)
    }

    return {settings, unknown}
  }
}

/** Why a storage is not to be removed; undefined when nothing needs it, as far as all was seen. */
export function obstacleOf(removal: StorageRemoval): Failure | undefined {
  const {backupJobs, guests, replicationJobs, storage, storages, unknown} = removal
  const users = [
    ...guests.map((guest) => guestLabel(guest)),
    ...backupJobs.map((id) => `backup job ${id}`),
    ...replicationJobs.map((id) => `replication job ${id}`),
    ...storages.map((name) => `storage "${name}"`),
  ]
  const force = `or remove it all the same with --force: what lies there stays, but nobody finds it any more`
  if (users.length > 0)
    return failure('refused', `storage "${storage}" is used by ${users.join(', ')}`, {
      hint: `Move the disks away, take media out and change the jobs first, ${force}`,
      details: {reason: 'in-use', storage, guests, backupJobs, replicationJobs, storages},
    })
  return unknown.length === 0
    ? undefined
    : failure('refused', `it cannot be told whether storage "${storage}" is used: ${unknown.join('; ')}`, {
        hint: `Wait until everything can be asked, ${force}`,
        details: {reason: 'use-unknown', storage, unknown},
      })
}

function usersOf(
  storage: string,
  guests: readonly Guest[],
  volumes: readonly Volume[],
  settings: ReadonlyMap<number, GuestSettings>,
): StorageUser[] {
  return guests
    .map(({name, node, type, vmid}): StorageUser => {
      const own = volumes
        .filter((volume) => volume.vmid === vmid && volume.content !== 'backup')
        .map(({volume}) => volume)
      const {next = {}, now = {}} = settings.get(vmid) ?? {}
      const named = [now, next].flatMap((config) =>
        Object.entries(config).flatMap(([key, value]) => namesIn(storage, key, value)),
      )
      return {
        vmid,
        ...(name !== undefined && {name}),
        type,
        node,
        volumes: [...new Set([...own, ...named])].sort(naturalOrder),
      }
    })
    .filter((user) => user.volumes.length > 0)
    .sort((a, b) => a.vmid - b.vmid)
}

/** What a line of a configuration names of a storage: volumes, or the storage for the RAM of suspended VMs. */
function namesIn(storage: string, key: string, value: string | undefined): string[] {
  if (value === undefined || FREE_TEXT.has(key)) return []
  if (key === 'vmstatestorage') return value === storage ? [`${key}: ${storage}`] : []
  return value
    .split(',')
    .map((part) => part.slice(part.indexOf('=') + 1))
    .filter((part) => part.startsWith(`${storage}:`))
}

function countByContent(volumes: readonly Volume[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const {content} of volumes) counts[content] = (counts[content] ?? 0) + 1
  return counts
}
