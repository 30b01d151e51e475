import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {
  newerThan,
  newestOnly,
  disksInSnapshot,
  lockObstacle,
  rollbackObstacle,
  templateObstacle,
} from '../domain/snapshot-limits.js'
import {snapshotCalled, type Snapshot} from '../domain/snapshot.js'
import {changeOf} from './guest-service.js'
import {impatience, type Patience} from './patience.js'
import {following} from './relocation.js'
import {
  goesOn,
  lookAt,
  snapshotsOf,
  startTask,
  type SnapshotChange,
  type SnapshotLook,
  type SnapshotParts,
} from './snapshot-parts.js'

const TASKS = {qemu: 'qmrollback', lxc: 'vzrollback'} as const
const POLL_MS = 500
/** Looks at a guest that nothing is starting, before we start it ourselves. */
const QUIET_LOOKS = 4

/** What going back to a snapshot would do to a guest, or why it cannot. */
export interface RollbackPlan {
  readonly guest: Guest
  /** What it does now. */
  readonly status: string
  readonly snapshot?: Snapshot
  /** Whether it shall run afterwards. */
  readonly run: boolean
  readonly refusal?: Failure
}

export interface RolledBack extends SnapshotChange {
  readonly previousStatus: string
}

/** Taking guests back to their snapshots; what stands against it is found before anything is stopped. */
export class SnapshotRollbackService {
  constructor(private readonly parts: SnapshotParts) {}

  /**
   * By GET requests alone.
   * @param start whether it shall run afterwards; undefined: as it does now
   */
  async plan(listed: Guest, name: string, start: boolean | undefined): Promise<RollbackPlan> {
    const looked = await lookAt(this.parts, listed)
    const run = start ?? listed.status !== 'stopped'
    if (looked.isErr()) return {guest: listed, status: listed.status, run, refusal: looked.error}
    const {config, guest, set, status} = looked.value
    const plan = {guest, status, run: start ?? status !== 'stopped'}
    const snapshot = snapshotCalled(guest, set, name)
    if (snapshot.isErr()) return {...plan, refusal: snapshot.error}
    const refusal =
      templateObstacle(guest, config) ??
      lockObstacle(guest, config) ??
      (await this.storageObstacle(looked.value, snapshot.value))
    return {...plan, snapshot: snapshot.value, ...(refusal !== undefined && {refusal})}
  }

  /** Goes back, and brings the guest into the state that was planned. */
  async rollback(plan: RollbackPlan, wait: boolean, patience: Patience): Promise<Result<RolledBack, Failure>> {
    const {guest, refusal, run, snapshot, status} = plan
    if (refusal !== undefined) return err(refusal)
    const name = snapshot?.name ?? ''
    const what = `rollback of ${guestLabel(guest)} to ${name}`
    const change = {...changeOf(guest, status, true), snapshot: name, previousStatus: status}
    const sent = await startTask(
      this.parts,
      guest,
      TASKS,
      (there) => this.parts.snapshots.rollback(there, name, run),
      patience,
    )
    if (sent.isErr()) return err(sent.error)
    if (!wait) return ok({...change, upid: sent.value})
    const task = await this.parts.tasks.waitOk(sent.value, what, patience)
    if (task.isErr() && goesOn(task.error)) return err(task.error)
    if (task.isErr()) return err(await this.afterFailure(plan, task.error))
    const after = await snapshotsOf(this.parts, guest)
    if (after.isErr()) return err({...after.error, upid: sent.value})
    if (after.value.parent !== name) {
      return err(
        failure('task-failed', `${what}: the task says OK, but the guest has not come from that snapshot`, {
          upid: sent.value,
          details: {reason: 'not-rolled-back', vmid: guest.vmid, parent: after.value.parent},
        }),
      )
    }

    const settled = await this.settle(plan, patience)
    return settled
      .map((now) => ({...change, status: now, task: task.value}))
      .mapErr((failed) => ({
        ...failed,
        message: `${guestLabel(guest)} is back at ${name}, but not ${run ? 'running' : 'stopped'}: ${failed.message}`,
        details: {...failed.details, rolledBack: true, snapshot: name},
      }))
  }

  /** The limits of the storages that the snapshot's disks are on. Storages that may not be seen are left to the server's own checks. */
  private async storageObstacle({guest, set}: SnapshotLook, target: Snapshot): Promise<Failure | undefined> {
    const {snapshots, storages} = this.parts
    const [read, states] = await Promise.all([snapshots.config(guest, target.name), storages.list(guest.node)])
    if (read.isErr()) return read.error
    const disks = disksInSnapshot(guest.type, read.value)
    const seen = states.unwrapOr([])
    const away = disks.find(({storage}) => seen.some((one) => one.storage === storage && !(one.enabled && one.active)))
    if (away !== undefined) {
      return failure(
        'refused',
        `${guestLabel(guest)} cannot go back to ${target.name}: the storage of ${away.key}, "${away.storage}", is not available on node ${guest.node}`,
        {
          hint: 'See which storages the node has: homelab proxmox storage list',
          details: {reason: 'storage-not-on-node', vmid: guest.vmid, node: guest.node, storage: away.storage},
        },
      )
    }

    const rules = (await snapshots.storageRules()).unwrapOr(new Map())
    const configs = new Map([[target.name, read.value]])
    const isLimited = disks.some((disk) => {
      const rule = rules.get(disk.storage ?? '')
      return rule !== undefined && newestOnly(rule, disk)
    })
    for (const {name} of isLimited ? newerThan(set, target) : []) {
      const config = await snapshots.config(guest, name)
      if (config.isErr()) return config.error
      configs.set(name, config.value)
    }

    return rollbackObstacle(guest, set, target, configs, rules)
  }

  /** A guest that was stopped for a rollback that failed stays stopped, and perhaps locked. */
  private async afterFailure({guest, status}: RollbackPlan, failed: Failure): Promise<Failure> {
    const now = await lookAt(this.parts, guest)
    if (now.isErr()) return failed
    const lock = now.value.config['lock']
    const stopped = status !== 'stopped' && now.value.status === 'stopped'
    const tool = guest.type === 'qemu' ? 'vm' : 'lxc'
    const steps = [
      ...(lock === undefined
        ? []
        : [
            `It is locked (${String(lock)}): its disks may be half old and half new. Once nothing works on it: homelab proxmox ${tool} unlock ${guest.vmid}, then roll back again`,
          ]),
      ...(stopped ? [`It was stopped for this: homelab proxmox ${tool} start ${guest.vmid}`] : []),
    ]
    return {
      ...failed,
      ...(steps.length > 0 && {hint: [...steps, ...(failed.hint === undefined ? [] : [failed.hint])].join('. ')}),
      details: {...failed.details, status: now.value.status, ...(lock !== undefined && {lock: String(lock)})},
    }
  }

  /**
   * The server starts the guest in a task of its own that nobody tells us of, and says nothing when that fails; with its memory in the snapshot a VM runs whatever was
   * asked for.
   */
  private async settle({guest, run, status}: RollbackPlan, patience: Patience): Promise<Result<string, Failure>> {
    const {cluster, guests, power, taskList, tasks, timing} = this.parts
    const what = `${guestLabel(guest)} to be ${run ? 'running' : 'stopped'}`
    for (let quiet = 0; ; quiet++) {
      const now = await following(cluster, guest, (there) => guests.status(there))
      if (now.isErr()) return err(now.error)
      if ((now.value === 'stopped') !== run) return ok(now.value)
      const listed = run ? (await taskList.list(guest.node, {vmid: guest.vmid, source: 'active'})).unwrapOr([]) : []
      const starting = listed.find(({state}) => state === 'running')
      if (starting !== undefined) {
        const ended = await tasks.wait(starting.upid, `start of ${guestLabel(guest)}`, patience)
        if (ended.isErr()) return err(ended.error)
        quiet = 0
      }

      const gone = impatience(patience, timing, what)
      if (gone !== undefined) return err(gone)
      if (!run || quiet >= QUIET_LOOKS) {
        const changed = await power.power(
          run ? 'start' : 'stop',
          {...guest, status: status as Guest['status']},
          {wait: true},
          patience,
        )
        return changed.map((change) => change.status)
      }

      await timing.sleep(patience.pollIntervalMs ?? POLL_MS, patience.signal)
    }
  }
}
