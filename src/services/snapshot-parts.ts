import {err, ok, ResultAsync, type Result} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {Guest, GuestType} from '../domain/guest.js'
import type {SnapshotSet} from '../domain/snapshot.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {NodeStorageRepository} from '../repositories/node-storage-repository.js'
import type {SnapshotRepository} from '../repositories/snapshot-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import type {GuestChange} from './guest-service.js'
import {findLostTask} from './lost-task.js'
import type {Patience, Timing} from './patience.js'
import type {PowerService} from './power-service.js'
import {following} from './relocation.js'
import type {TaskService} from './task-service.js'

/** What the services for snapshots are made of. */
export interface SnapshotParts {
  readonly cluster: ClusterRepository
  readonly guests: GuestRepository
  readonly snapshots: SnapshotRepository
  readonly storages: NodeStorageRepository
  readonly taskList: TaskRepository
  readonly tasks: TaskService
  readonly power: PowerService
  readonly timing: Timing
}

/** What became of a guest's snapshot. */
export interface SnapshotChange extends GuestChange {
  readonly snapshot: string
}

/** A guest as it is now, where it is now. */
export interface SnapshotLook {
  readonly guest: Guest
  readonly config: Readonly<Record<string, unknown>>
  /** `running`, `stopped`, `paused`, … */
  readonly status: string
  readonly set: SnapshotSet
}

export function lookAt({cluster, guests, snapshots}: SnapshotParts, listed: Guest): ResultAsync<SnapshotLook, Failure> {
  return following(cluster, listed, (guest) =>
    ResultAsync.combine([guests.config(guest), guests.status(guest), snapshots.list(guest)] as const).map(
      ([config, status, set]) => ({guest, config, status, set}),
    ),
  )
}

/** The snapshots of a guest, which may have moved to another node since it was looked up. */
export function snapshotsOf({cluster, snapshots}: SnapshotParts, guest: Guest): ResultAsync<SnapshotSet, Failure> {
  return following(cluster, guest, (at) => snapshots.list(at))
}

/** Sends what starts a task, and gives its UPID. When the answer is lost the task is looked for, and nothing sent twice. */
export async function startTask(
  {cluster, taskList, timing}: SnapshotParts,
  guest: Guest,
  types: Readonly<Record<GuestType, string>>,
  send: (guest: Guest) => ResultAsync<string, Failure>,
  patience: Patience,
): Promise<Result<string, Failure>> {
  const {node, vmid} = guest
  const type = types[guest.type]
  const sinceMs = timing.now()
  const before = await taskList.list(node, {type, vmid, source: 'all'})
  const sent = await following(cluster, guest, send)
  if (sent.isOk() || sent.error.kind !== 'outcome-unknown') return sent
  const known = new Set(before.unwrapOr([]).map(({upid}) => upid))
  const found = await findLostTask(taskList, timing, {node, type, vmid, sinceMs, known}, patience.signal)
  return found === undefined ? err(sent.error) : ok(found)
}

/** Whether waiting ended before the task did. */
export function goesOn({kind}: Failure): boolean {
  return kind === 'interrupted' || kind === 'timeout'
}
