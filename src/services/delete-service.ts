import {err, ok, okAsync, type Result} from 'neverthrow'
import {
  builtUpon,
  deletionWarnings,
  doomedDisks,
  ownerOf,
  refusalOf,
  type DeletionFacts,
  type DeletionWish,
  type DoomedDisk,
} from '../domain/deletion.js'
import type {Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestJobRepository} from '../repositories/guest-job-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {NodeStorageRepository} from '../repositories/node-storage-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import {fanOut} from './fan-out.js'
import {changeOf, type GuestChange} from './guest-service.js'
import {findLostTask} from './lost-task.js'
import type {Patience, Timing} from './patience.js'
import type {PowerService} from './power-service.js'
import {following} from './relocation.js'
import type {TaskService} from './task-service.js'

export interface DeletionOptions extends DeletionWish {
  /** Also disks of its VMID that its configuration does not name. */
  readonly unreferencedDisks: boolean
}

/** What would go, or why it does not. */
export interface Deletion {
  readonly guest: Guest
  readonly disks: readonly DoomedDisk[]
  readonly replicationJobs: readonly string[]
  readonly backupJobs: readonly string[]
  readonly warnings: readonly string[]
  readonly refusal?: Failure
}

export interface DeletionParts {
  readonly cluster: ClusterRepository
  readonly guests: GuestRepository
  readonly jobs: GuestJobRepository
  readonly storages: NodeStorageRepository
  readonly taskList: TaskRepository
  readonly tasks: TaskService
  readonly power: PowerService
  readonly timing: Timing
}

/** Deleting guests for good, after a look at all that hangs on them. */
export class DeleteService {
  constructor(private readonly parts: DeletionParts) {}

  /** Looks at each guest: a few at a time, by GET requests only. The result is in the order of the guests. */
  async inspect(
    guests: readonly Guest[],
    options: DeletionOptions,
    {parallel, signal}: {readonly parallel: number; readonly signal?: AbortSignal},
  ): Promise<Deletion[]> {
    if (guests.length === 0) return []
    const {jobs} = this.parts
    // Jobs that may not be seen are left to the server's own checks.
    const [replications, backups] = await Promise.all([
      jobs.replications().orElse(() => okAsync([])),
      jobs.backups().orElse(() => okAsync([])),
    ])
    const naming = (all: typeof backups, vmid: number): string[] =>
      all.unwrapOr([]).flatMap(({id, vmids}) => (vmids.includes(vmid) ? [id] : []))
    const looked = await fanOut(
      guests,
      ({vmid}) => String(vmid),
      async (guest) =>
        ok<Deletion, Failure>(
          await this.look(guest, naming(replications, guest.vmid), naming(backups, guest.vmid), options),
        ),
      {parallel, failFast: false, ...(signal !== undefined && {signal})},
    )
    return looked.flatMap((result) => (result.ok ? [result.value] : []))
  }

  /**
   * Deletes a guest that was inspected. A running one is refused, unless its plug may be pulled first.
   * @returns what it was; `status` is `deleted` once the task has ended well
   */
  async delete(
    {guest, refusal}: Pick<Deletion, 'guest' | 'refusal'>,
    options: DeletionOptions & {readonly wait: boolean},
    patience: Patience,
  ): Promise<Result<GuestChange, Failure>> {
    if (refusal !== undefined) return err(refusal)
    if (options.stopFirst) {
      const stopped = await this.parts.power.power('stop', guest, {wait: true}, patience)
      // A template has nothing to stop.
      if (stopped.isErr() && !guest.template) return err(stopped.error)
    }

    const what = `deletion of ${guestLabel(guest)}`
    const sent = await this.send(guest, options, patience)
    if (sent.isErr()) return err(sent.error)
    if (!options.wait) return ok({...changeOf(guest, guest.status, true), upid: sent.value})
    const report = await this.parts.tasks.waitOk(sent.value, what, patience)
    return report.map((task) => ({...changeOf(guest, 'deleted', true), task}))
  }

  private async look(
    listed: Guest,
    replicationJobs: readonly string[],
    backupJobs: readonly string[],
    options: DeletionOptions,
  ): Promise<Deletion> {
    const {cluster, guests} = this.parts
    const found = await following(cluster, listed, (guest) =>
      guests.config(guest).andThen((config) => guests.status(guest).map((status) => ({guest, config, status}))),
    )
    if (found.isErr()) {
      return {guest: listed, disks: [], replicationJobs, backupJobs, warnings: [], refusal: found.error}
    }

    const {guest, config, status} = found.value
    const disks = doomedDisks(guest, config)
    const linkedClones = guest.template ? await this.linkedClones(guest, disks) : []
    const facts: DeletionFacts = {guest, config, status, linkedClones, replicationJobs, backupJobs}
    const refusal = refusalOf(facts, options)
    return {
      guest,
      disks: options.unreferencedDisks ? [...disks, ...(await this.unreferenced(guest, disks))] : disks,
      replicationJobs,
      backupJobs,
      warnings: deletionWarnings(facts, options),
      ...(refusal !== undefined && {refusal}),
    }
  }

  /** Guests whose disks are built upon the template's. A storage that cannot be listed tells of none: the server checks once more. */
  private async linkedClones(template: Guest, disks: readonly DoomedDisk[]): Promise<Guest[]> {
    const {cluster, storages} = this.parts
    const vmids = new Set<number>()
    const content = template.type === 'qemu' ? 'images' : 'rootdir'
    for (const storage of new Set(disks.map(({volume}) => volume.split(':', 1)[0] ?? ''))) {
      const volumes = await storages.volumes(template.node, storage, {content})
      const names = volumes.unwrapOr([]).map(({volume}) => volume)
      for (const disk of disks) for (const vmid of builtUpon(disk.volume, names)) vmids.add(vmid)
    }

    if (vmids.size === 0) return []
    const known = (await cluster.resources('vm')).map(({guests}) => guests).unwrapOr([])
    return [...vmids].map(
      (vmid) =>
        known.find((guest) => guest.vmid === vmid) ?? {
          ...{vmid, type: template.type, node: template.node, status: 'unknown'},
          ...{template: false, tags: []},
        },
    )
  }

  /** Disks of its VMID on any storage of its node that its configuration does not name. */
  private async unreferenced(guest: Guest, named: readonly DoomedDisk[]): Promise<DoomedDisk[]> {
    const {storages} = this.parts
    const known = new Set(named.map(({volume}) => volume))
    const states = (await storages.list(guest.node)).unwrapOr([])
    const found: DoomedDisk[] = []
    for (const {active, content, enabled, storage} of states) {
      if (!active || !enabled || !content.some((kind) => kind === 'images' || kind === 'rootdir')) continue
      const volumes = (await storages.volumes(guest.node, storage, {vmid: guest.vmid})).unwrapOr([])
      for (const {sizeBytes, volume} of volumes) {
        if (ownerOf(volume) !== guest.vmid || known.has(volume)) continue
        found.push({volume, ...(sizeBytes !== undefined && {sizeBytes})})
      }
    }

    return found
  }

  /** Sends it; when the answer is lost, the task is looked for, and nothing sent twice. */
  private async send(guest: Guest, options: DeletionOptions, patience: Patience): Promise<Result<string, Failure>> {
    const {cluster, guests, taskList, timing} = this.parts
    const sinceMs = timing.now()
    const {purge, unreferencedDisks} = options
    const sent = await following(cluster, guest, (there) => guests.delete(there, {purge, unreferencedDisks}))
    if (sent.isOk() || sent.error.kind !== 'outcome-unknown') return sent
    const type = guest.type === 'qemu' ? 'qmdestroy' : 'vzdestroy'
    const found = await findLostTask(
      taskList,
      timing,
      {node: guest.node, type, vmid: guest.vmid, sinceMs},
      patience.signal,
    )
    return found === undefined ? err(sent.error) : ok(found)
  }
}
