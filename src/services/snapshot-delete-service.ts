import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {snapshotCalled, type Snapshot, type SnapshotSet} from '../domain/snapshot.js'
import {lockObstacle, unlockCommand} from '../domain/snapshot-limits.js'
import {decidePruning, type PruneDecision, type PruneWish} from '../domain/snapshot-pruning.js'
import type {TaskReport} from '../domain/task.js'
import {isTimeZone} from '../domain/zoned-time.js'
import type {NodeRepository} from '../repositories/node-repository.js'
import {changeOf, type GuestChange} from './guest-service.js'
import type {Patience} from './patience.js'
import {goesOn, lookAt, snapshotsOf, startTask, type SnapshotParts} from './snapshot-parts.js'

const TASKS = {qemu: 'qmdelsnapshot', lxc: 'vzdelsnapshot'} as const

/** Which snapshots of one guest would go, or why none does. */
export interface SnapshotDeletion {
  readonly guest: Guest
  readonly status: string
  /** In the order in which they go. */
  readonly remove: readonly Snapshot[]
  /** Asked for, and not there. */
  readonly missing: readonly string[]
  readonly refusal?: Failure
}

/** The same with what becomes of the others. */
export interface SnapshotPruning extends SnapshotDeletion {
  readonly decisions: readonly PruneDecision[]
}

export interface DeletedSnapshots extends GuestChange {
  readonly deleted: readonly string[]
}

/** What becomes of those that are asked for and not there: a mistake, or all the better. */
export type WhenMissing = 'fail' | 'ignore'

/** Deleting snapshots: by their names, or by what shall be kept. */
export class SnapshotDeleteService {
  constructor(
    private readonly parts: SnapshotParts,
    private readonly nodes: Pick<NodeRepository, 'timeZone'>,
  ) {}

  async plan(listed: Guest, names: readonly string[], whenMissing: WhenMissing): Promise<SnapshotDeletion> {
    const looked = await lookAt(this.parts, listed)
    const nothing = {guest: listed, status: listed.status as string, remove: [], missing: []}
    if (looked.isErr()) return {...nothing, refusal: looked.error}
    const {config, guest, set, status} = looked.value
    const found = [...new Set(names)].map((name) => ({name, snapshot: snapshotCalled(guest, set, name)}))
    const unknown = found.find(({snapshot}) => snapshot.isErr())?.snapshot
    if (whenMissing === 'fail' && unknown?.isErr() === true) return {...nothing, guest, status, refusal: unknown.error}
    const remove = found.flatMap(({snapshot}) => (snapshot.isOk() ? [snapshot.value] : []))
    const refusal = remove.length === 0 ? undefined : lockObstacle(guest, config)
    return {
      guest,
      status,
      remove,
      missing: found.flatMap(({name, snapshot}) => (snapshot.isErr() ? [name] : [])),
      ...(refusal !== undefined && {refusal}),
    }
  }

  /**
   * @param timeZone in whose hours, days and weeks the rules count; by default that of the guest's node
   * @param fallbackZone where the node's is not known
   */
  async planPruning(
    listed: Guest,
    wish: PruneWish,
    {timeZone, fallbackZone}: {readonly timeZone?: string | undefined; readonly fallbackZone: string},
  ): Promise<SnapshotPruning> {
    const looked = await lookAt(this.parts, listed)
    if (looked.isErr()) {
      const {status} = listed
      return {guest: listed, status, remove: [], missing: [], decisions: [], refusal: looked.error}
    }

    const {config, guest, set, status} = looked.value
    const zone = timeZone ?? (await this.zoneOf(guest.node)) ?? fallbackZone
    const decisions = decidePruning(set.snapshots, wish, this.parts.timing.now(), zone)
    const remove = decisions.flatMap(({mark, snapshot}) => (mark === 'remove' ? [snapshot] : []))
    const refusal = remove.length === 0 ? undefined : lockObstacle(guest, config)
    return {guest, status, remove, missing: [], decisions, ...(refusal !== undefined && {refusal})}
  }

  /**
   * Deletes one after the other, because each locks the guest; the first that fails is the last. A snapshot is deleted when the list has it no more.
   * @param force out of the configuration even where the storage does not let go of it
   */
  async delete(
    {guest, refusal, remove, status}: SnapshotDeletion,
    {force, wait}: {readonly force: boolean; readonly wait: boolean},
    patience: Patience,
  ): Promise<Result<DeletedSnapshots, Failure>> {
    if (refusal !== undefined) return err(refusal)
    const change = changeOf(guest, status, remove.length > 0)
    const [first] = remove
    if (first === undefined) return ok({...change, deleted: []})
    if (!wait) {
      const sent = await this.send(guest, first.name, force, patience)
      return sent.map((upid) => ({...change, deleted: [first.name], upid}))
    }

    const deleted: string[] = []
    const tasks: TaskReport[] = []
    for (const {name} of remove) {
      const done = await this.deleteOne(guest, name, force, patience)
      if (done.isErr()) return err(deleted.length === 0 ? done.error : afterSome(done.error, deleted))
      deleted.push(name)
      if (done.value !== undefined) tasks.push(done.value)
    }

    const task = tasks.find(({outcome}) => outcome === 'warnings') ?? tasks.at(-1)
    return ok({...change, deleted, ...(task !== undefined && {task})})
  }

  private async deleteOne(
    guest: Guest,
    name: string,
    force: boolean,
    patience: Patience,
  ): Promise<Result<TaskReport | undefined, Failure>> {
    const what = `deletion of the snapshot ${name} of ${guestLabel(guest)}`
    const sent = await this.send(guest, name, force, patience)
    if (sent.isErr()) {
      // What cannot be told from the answer that never came, the list may tell.
      const after = sent.error.kind === 'outcome-unknown' ? await snapshotsOf(this.parts, guest) : undefined
      return after?.isOk() === true && !has(after.value, name) ? ok(undefined) : err(sent.error)
    }

    const task = await this.parts.tasks.waitOk(sent.value, what, patience)
    if (task.isErr() && goesOn(task.error)) return err(task.error)
    const after = await lookAt(this.parts, guest)
    if (after.isErr()) return err(task.isErr() ? task.error : {...after.error, upid: sent.value})
    const left = after.value.set.snapshots.find((snapshot) => snapshot.name === name)
    const lock = after.value.config['lock']
    if (task.isErr()) return err(withRemedy(guest, name, task.error, left, lock, force))
    if (left === undefined) return ok(task.value)
    const failed = failure('task-failed', `${what}: the task says OK, but it is still there`, {
      upid: sent.value,
      details: {reason: 'snapshot-left'},
    })
    return err(withRemedy(guest, name, failed, left, lock, force))
  }

  private send(guest: Guest, name: string, force: boolean, patience: Patience): Promise<Result<string, Failure>> {
    return startTask(this.parts, guest, TASKS, (there) => this.parts.snapshots.delete(there, name, force), patience)
  }

  private async zoneOf(node: string): Promise<string | undefined> {
    const zone = (await this.nodes.timeZone(node)).unwrapOr(undefined)
    return zone !== undefined && isTimeZone(zone) ? zone : undefined
  }
}

function has({snapshots}: SnapshotSet, name: string): boolean {
  return snapshots.some((snapshot) => snapshot.name === name)
}

function afterSome(failed: Failure, deleted: readonly string[]): Failure {
  return {
    ...failed,
    message: `${failed.message} (deleted before: ${deleted.join(', ')})`,
    details: {...failed.details, deleted: [...deleted]},
  }
}

/** What to do about a snapshot whose deletion failed: Proxmox VE leaves it half deleted, and often the guest locked. */
function withRemedy(
  guest: Guest,
  name: string,
  failed: Failure,
  left: Snapshot | undefined,
  lock: unknown,
  forced: boolean,
): Failure {
  const again = `homelab proxmox snapshot delete ${guest.vmid} ${name} --force`
  const steps = [
    ...(lock === undefined
      ? []
      : [`The guest is still locked (${String(lock)}); once nothing works on it: ${unlockCommand(guest)}`]),
    ...(left === undefined || forced
      ? []
      : [`To take it out of the configuration even if the storage keeps its part: ${again}`]),
  ]
  return {
    ...failed,
    ...(steps.length > 0 && {hint: [...steps, ...(failed.hint === undefined ? [] : [failed.hint])].join('. ')}),
    details: {
      ...failed.details,
      snapshot: name,
      ...(left?.snapState !== undefined && {snapState: left.snapState}),
      ...(lock !== undefined && {lock: String(lock)}),
    },
  }
}
