import {err, ok, ResultAsync, type Result} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import type {GuestSettings} from '../domain/guest-settings.js'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import {naturalOrder} from '../domain/natural-order.js'
import {parsePropertyString} from '../domain/property-string.js'
import {closest} from '../domain/suggest.js'
import type {TaskReport} from '../domain/task.js'
import {
  FILE_KINDS,
  fileLabel,
  filesCalled,
  readFileVolume,
  type FileContent,
  type VolumeFile,
} from '../domain/volume-file.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {DeviceRepository} from '../repositories/device-repository.js'
import type {NodeStorageRepository, Volume} from '../repositories/node-storage-repository.js'
import type {VolumeFileRepository} from '../repositories/volume-file-repository.js'
import {fanOut} from './fan-out.js'
import {nodesOf, placesOf, unknownPlace, unseenPlaces, type PlaceWish, type UnseenPlace} from './file-place.js'
import type {NodeLimit} from './node-limit.js'
import type {Patience} from './patience.js'
import {following} from './relocation.js'
import type {TaskService} from './task-service.js'

/** Requests at the same time, over all nodes; at one node there are fewer still. */
const PARALLEL = 16

/** A guest that has a file in a drive, now or after its next start. */
export interface FileUser {
  readonly vmid: number
  readonly name?: string
  readonly type: GuestType
  readonly node: string
  /** `ide2` */
  readonly key: string
}

export interface FileUse {
  readonly users: readonly FileUser[]
  /** Guests that could not be looked at, and why. */
  readonly unknown: readonly {readonly guest: Guest; readonly failure: Failure}[]
}

export interface FileList {
  readonly files: readonly VolumeFile[]
  /** Storages that could not be read. */
  readonly unread: readonly Failure[]
  /** Storages that were not asked: nobody would have answered. */
  readonly unseen: readonly UnseenPlace[]
}

export interface ShownFile extends VolumeFile {
  /** Where it lies on its nodes. */
  readonly path?: string
  /** How big the disk is that can be made of it. */
  readonly virtualSizeBytes?: number
  readonly usedBy: readonly FileUser[]
}

export interface DeletedFile extends Pick<VolumeFile, 'name' | 'nodes' | 'storage' | 'volume'> {
  readonly changed: true
  readonly task?: TaskReport
  /** Of the task that is not waited for. */
  readonly upid?: string
}

export interface VolumeFileParts {
  readonly cluster: ClusterRepository
  readonly storages: NodeStorageRepository
  readonly files: VolumeFileRepository
  readonly devices: Pick<DeviceRepository, 'settings'>
  readonly tasks: TaskService
  readonly limit: NodeLimit
}

/** The files that storages keep beside disks: what there is, who uses it, and deleting it. */
export class VolumeFileService {
  constructor(private readonly parts: VolumeFileParts) {}

  /** All of one kind; a shared storage is asked once. One storage that does not answer does not hide the others. */
  list(content: FileContent, wish: PlaceWish): ResultAsync<FileList, Failure> {
    return this.parts.cluster.resources().andThen((resources) => new ResultAsync(this.listed(content, resources, wish)))
  }

  /**
   * The one that is called so, by its name or volume id.
   * @returns `ambiguous-name` for several
   */
  async find(content: FileContent, wanted: string, wish: PlaceWish): Promise<Result<VolumeFile, Failure>> {
    const kind = FILE_KINDS[content]
    const named = readFileVolume(wanted)
    if (named !== undefined && named.content !== content) {
      return err(failure('usage', `"${wanted}" is no ${kind.noun}`, {hint: `Those are called STORAGE:${content}/NAME`}))
    }

    const listed = await this.list(content, {...wish, storage: wish.storage ?? named?.storage})
    if (listed.isErr()) return err(listed.error)
    const {files, unread} = listed.value
    const [only, another] = filesCalled(files, wanted)
    if (only !== undefined && another === undefined) return ok(only)
    if (only === undefined) return err(unread[0] ?? notFound(content, wanted, files))
    const found = filesCalled(files, wanted)
    return err(
      failure(
        'ambiguous-name',
        `"${wanted}" lies in ${found.length} places: ${found.map((file) => fileLabel(file)).join(', ')}`,
        {
          hint: 'Choose with --storage or --node',
          details: {candidates: found.map(({volume, nodes}) => ({volume, nodes}))},
        },
      ),
    )
  }

  async show(content: FileContent, wanted: string, wish: PlaceWish): Promise<Result<ShownFile, Failure>> {
    const found = await this.find(content, wanted, wish)
    if (found.isErr()) return err(found.error)
    const file = found.value
    const facts = await this.parts.files.facts(file.nodes[0] ?? '', file.storage, file.volume)
    if (facts.isErr()) return err(facts.error)
    const {path, sizeBytes} = facts.value
    const shown = {
      ...file,
      ...(path !== undefined && {path}),
      // What is asked of the file itself is the size of the disk in it; an ISO image's is rounded.
      ...(content === 'import' && sizeBytes !== undefined && {virtualSizeBytes: sizeBytes}),
    }
    return (await this.use(content, file)).map(({users}) => ({...shown, usedBy: users}))
  }

  /** Which VMs have it in a drive. Containers keep nothing of the template they were made from. */
  async use(content: FileContent, file: VolumeFile): Promise<Result<FileUse, Failure>> {
    if (content === 'vztmpl') return ok({users: [], unknown: []})
    const {cluster, devices, limit} = this.parts
    const resources = await cluster.resources('vm')
    if (resources.isErr()) return err(resources.error)
    const near = resources.value.guests.filter(({node, type}) => type === 'qemu' && file.nodes.includes(node))
    const looked = await fanOut(
      near,
      (guest) => guestLabel(guest),
      (guest) => limit.run(guest.node, async () => following(cluster, guest, (there) => devices.settings(there))),
      {parallel: PARALLEL, failFast: false},
    )
    const users: FileUser[] = []
    const unknown: {guest: Guest; failure: Failure}[] = []
    for (const [index, result] of looked.entries()) {
      const guest = near[index] as Guest
      if (result.ok) users.push(...usersIn(guest, result.value, file.volume))
      // A guest that is gone uses nothing any more.
      else if (result.error.kind !== 'not-found') unknown.push({guest, failure: result.error})
    }

    return ok({users, unknown})
  }

  /** Why it must stay, as far as guests are concerned; undefined when nothing speaks against deleting it. */
  async obstacle(content: FileContent, file: VolumeFile): Promise<Failure | undefined> {
    const use = await this.use(content, file)
    return use.isErr() ? use.error : obstacleOf(file, use.value)
  }

  /** Deletes it and looks whether it is gone: the task ends well whatever there was (reference 5). */
  async delete(
    content: FileContent,
    file: VolumeFile,
    wait: boolean,
    patience: Patience,
  ): Promise<Result<DeletedFile, Failure>> {
    const {files, storages, tasks} = this.parts
    const {name, nodes, storage, volume} = file
    const [node = ''] = nodes
    const deleted = {volume, name, storage, nodes, changed: true} as const
    const isGone = () =>
      storages.volumes(node, storage, {content}).map((volumes) => !volumes.some((one) => one.volume === volume))
    const sent = await files.delete(node, storage, volume)
    if (sent.isErr()) {
      const gone = sent.error.kind === 'outcome-unknown' && (await isGone()).unwrapOr(false)
      return gone ? ok(deleted) : err(sent.error)
    }

    if (!wait && sent.value !== undefined) return ok({...deleted, upid: sent.value})
    const what = `deletion of ${fileLabel(file)}`
    const task = sent.value === undefined ? ok(undefined) : await tasks.waitOk(sent.value, what, patience)
    if (task.isErr()) return err(task.error)
    const gone = await isGone()
    if (gone.isErr()) return err(gone.error)
    if (!gone.value) {
      return err(
        failure('task-failed', `${fileLabel(file)} is still there after its deletion`, {
          ...(sent.value !== undefined && {upid: sent.value}),
          details: {volume, nodes},
        }),
      )
    }

    return ok({...deleted, ...(task.value !== undefined && {task: task.value})})
  }

  private async listed(
    content: FileContent,
    resources: ClusterResources,
    wish: PlaceWish,
  ): Promise<Result<FileList, Failure>> {
    const unknown = unknownPlace(resources, wish)
    if (unknown !== undefined) return err(unknown)
    const able = placesOf(content, resources, wish)
    const asked = able.filter(
      (one) => !one.shared || able.find(({shared, storage}) => shared && storage === one.storage) === one,
    )
    const {limit, storages} = this.parts
    const done = await fanOut(
      asked,
      (one) => `${one.storage} on ${one.node}`,
      (one) => limit.run(one.node, async () => storages.volumes(one.node, one.storage, {content})),
      {parallel: PARALLEL, failFast: false},
    )
    const unread = done.flatMap((result) => (result.ok ? [] : [result.error]))
    if (unread[0] !== undefined && unread.length === done.length) return err(unread[0])
    const files = done.flatMap((result, index) => {
      const place = asked[index]
      if (!result.ok || place === undefined) return []
      const {shared, storage} = place
      return result.value.map((volume) => fileFrom(volume, {shared, storage, nodes: nodesOf(place, resources)}))
    })
    files.sort(
      (a, b) =>
        naturalOrder(a.name, b.name) || naturalOrder(a.volume, b.volume) || naturalOrder(a.nodes[0], b.nodes[0]),
    )
    return ok({files, unread, unseen: unseenPlaces(content, resources, wish)})
  }
}

/** A file as a list has it. */
export function fileFrom(
  {createdAt, format, sizeBytes, volume}: Volume,
  place: Pick<VolumeFile, 'nodes' | 'shared' | 'storage'>,
): VolumeFile {
  return {
    volume,
    name: volume.slice(Math.max(volume.lastIndexOf('/'), volume.indexOf(':')) + 1),
    storage: place.storage,
    shared: place.shared,
    nodes: place.nodes,
    ...(format !== undefined && {format}),
    ...(sizeBytes !== undefined && {sizeBytes}),
    ...(createdAt !== undefined && {createdAt}),
  }
}

function usersIn({name, node, type, vmid}: Guest, {next, now}: GuestSettings, volume: string): FileUser[] {
  const keys = [...new Set([...Object.keys(now), ...Object.keys(next)])].sort(naturalOrder)
  return keys
    .filter((key) => [now[key], next[key]].some((value) => value !== undefined && names(value, volume)))
    .map((key) => ({vmid, ...(name !== undefined && {name}), type, node, key}))
}

function names(value: string, volume: string): boolean {
  return value.includes(volume) && [...parsePropertyString(value, {defaultKey: 'volume'}).values()].includes(volume)
}

function obstacleOf(file: VolumeFile, {unknown, users}: FileUse): Failure | undefined {
  const [user] = users
  const label = fileLabel(file)
  if (user !== undefined) {
    const all = users.map((one) => `${guestLabel(one)} as ${one.key}`)
    return failure('refused', `${label} is used by ${all.join(', ')}`, {
      hint: `Take it out first: homelab proxmox vm config set ${user.vmid} ${user.key}=none,media=cdrom; or delete it all the same with --force`,
      details: {reason: 'in-use', volume: file.volume, usedBy: users},
    })
  }

  const [first] = unknown
  if (first === undefined) return undefined
  const all = unknown.map(({guest}) => guestLabel(guest))
  return failure(
    'refused',
    `it cannot be told whether ${label} is used by ${all.join(', ')}: ${first.failure.message}`,
    {
      hint: 'Wait until they can be asked, or delete it all the same with --force',
      details: {reason: 'use-unknown', volume: file.volume, guests: unknown.map(({guest}) => guest.vmid)},
    },
  )
}

function notFound(content: FileContent, wanted: string, files: readonly VolumeFile[]): Failure {
  const {noun, topic} = FILE_KINDS[content]
  const near = closest(wanted, [...new Set(files.flatMap(({name, volume}) => [name, volume]))])
  return failure('not-found', `there is no ${noun} "${wanted}"`, {
    hint:
      near === undefined
        ? `See what there is: homelab proxmox ${topic} ${content === 'vztmpl' ? 'files' : 'list'}`
        : `Did you mean "${near}"?`,
    details: {file: wanted},
  })
}
