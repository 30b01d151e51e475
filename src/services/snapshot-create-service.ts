import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {describeSnapshot, recurs, snapshotName, type SnapshotSet} from '../domain/snapshot.js'
import {
  lockObstacle,
  memoryObstacle,
  memoryStorage,
  noSnapshots,
  templateObstacle,
  unlockCommand,
} from '../domain/snapshot-limits.js'
import {formatSize} from '../domain/size.js'
import type {ZonedTime} from '../domain/zoned-time.js'
import {changeOf} from './guest-service.js'
import type {Patience} from './patience.js'
import {
  goesOn,
  lookAt,
  snapshotsOf,
  startTask,
  type SnapshotChange,
  type SnapshotLook,
  type SnapshotParts,
} from './snapshot-parts.js'

const MIB = 1024 ** 2
const TASKS = {qemu: 'qmsnapshot', lxc: 'vzsnapshot'} as const

/** What kind of snapshot is wanted of a guest. */
export interface SnapshotWish {
  /** A name, or a pattern for one. */
  readonly name: string
  readonly description?: string
  /** With the memory: `required` refuses a guest that has none to save, `possible` takes it without. */
  readonly ram: 'no' | 'possible' | 'required'
  /** Whether `snapshot prune` may delete it; by default when its name has the date or the time in it. */
  readonly automatic?: boolean
}

/** What would be taken of one guest, or why nothing is. */
export interface SnapshotPlan {
  readonly guest: Guest
  readonly status: string
  readonly name: string
  readonly ram: boolean
  readonly automatic: boolean
  readonly description?: string
  readonly refusal?: Failure
}

export interface CreatedSnapshot extends SnapshotChange {
  readonly ram: boolean
  readonly automatic: boolean
  readonly createdAt?: string
}

/** Taking snapshots, after a look at all that Proxmox VE would refuse in its task. */
export class SnapshotCreateService {
  constructor(private readonly parts: SnapshotParts) {}

  /** By GET requests alone. */
  async plan(listed: Guest, wish: SnapshotWish, now: ZonedTime): Promise<SnapshotPlan> {
    const automatic = wish.automatic ?? recurs(wish.name)
    const description = describeSnapshot(wish.description, automatic)
    const name = snapshotName(wish.name, listed, now)
    const plan = {
      guest: listed,
      status: listed.status as string,
      name: name.unwrapOr(wish.name),
      ram: false,
      automatic,
      ...(description !== undefined && {description}),
    }
    if (name.isErr()) return {...plan, refusal: name.error}
    const looked = await lookAt(this.parts, listed)
    if (looked.isErr()) return {...plan, refusal: looked.error}
    const {guest, config, status} = looked.value
    const noMemory = wish.ram === 'no' ? undefined : memoryObstacle(guest, config, status)
    const ram = wish.ram !== 'no' && noMemory === undefined
    const refusal =
      (wish.ram === 'required' ? noMemory : undefined) ?? (await this.obstacle(looked.value, name.value, ram))
    return {...plan, guest, status, ram, ...(refusal !== undefined && {refusal})}
  }

  /** Takes it; it is there, and whole, when this says so. */
  async create(plan: SnapshotPlan, wait: boolean, patience: Patience): Promise<Result<CreatedSnapshot, Failure>> {
    const {automatic, description, guest, name, ram, refusal, status} = plan
    if (refusal !== undefined) return err(refusal)
    const what = `snapshot ${name} of ${guestLabel(guest)}`
    const change = {...changeOf(guest, status, true), snapshot: name, ram, automatic}
    const sent = await startTask(
      this.parts,
      guest,
      TASKS,
      (there) => this.parts.snapshots.create(there, {name, ram, ...(description !== undefined && {description})}),
      patience,
    )
    if (sent.isErr()) return err(sent.error)
    if (!wait) return ok({...change, upid: sent.value})
    const task = await this.parts.tasks.waitOk(sent.value, what, patience)
    if (task.isErr() && goesOn(task.error)) return err(task.error)
    const after = await snapshotsOf(this.parts, guest)
    if (task.isErr()) return err(after.isErr() ? task.error : withRemains(guest, name, task.error, after.value))
    if (after.isErr()) return err({...after.error, upid: sent.value})
    const made = after.value.snapshots.find((snapshot) => snapshot.name === name)
    if (made === undefined || made.snapState !== undefined) {
      const failed = failure('task-failed', `${what}: the task says OK, but there is no whole snapshot`, {
        upid: sent.value,
        details: {reason: 'snapshot-missing'},
      })
      return err(withRemains(guest, name, failed, after.value))
    }

    return ok({
      ...change,
      ram: made.ram,
      automatic: made.automatic,
      ...(made.createdAt !== undefined && {createdAt: made.createdAt}),
      task: task.value,
    })
  }

  private async obstacle(look: SnapshotLook, name: string, ram: boolean): Promise<Failure | undefined> {
    const {config, guest, set} = look
    const known = templateObstacle(guest, config) ?? nameTaken(guest, set, name) ?? lockObstacle(guest, config)
    if (known !== undefined) return known
    const possible = await this.parts.snapshots.possible(guest)
    if (possible.isErr()) return possible.error
    if (!possible.value) {
      const rules = await this.parts.snapshots.storageRules()
      return noSnapshots(guest, config, rules.unwrapOr(new Map()))
    }

    return ram ? this.memoryRoom(guest, config) : undefined
  }

  /** Whether there is room for the memory, where Proxmox VE will put it. A storage that may not be seen is left to its own check. */
  private async memoryRoom(guest: Guest, config: Readonly<Record<string, unknown>>): Promise<Failure | undefined> {
    const states = (await this.parts.storages.list(guest.node)).unwrapOr([])
    if (states.length === 0) return undefined
    const storage = memoryStorage(config, states)
    const state = states.find((one) => one.storage === storage)
    const memory = (Number.parseInt(String(config['memory'] ?? '512').replace('current=', ''), 10) || 0) * MIB
    const details = {vmid: guest.vmid, node: guest.node, storage}
    const cannot = `the memory of ${guestLabel(guest)} cannot be saved on storage "${storage}"`
    if (state === undefined || !state.enabled || !state.active) {
      return failure('refused', `${cannot}, which is not available on node ${guest.node}`, {
        hint: `Leave out --ram, or name another one: homelab proxmox vm config set ${guest.vmid} vmstatestorage=STORAGE`,
        details: {...details, reason: 'storage-not-on-node'},
      })
    }

    return state.freeBytes !== undefined && state.freeBytes < memory
      ? failure('no-capacity', `${cannot}: ${formatSize(memory)} are needed and ${formatSize(state.freeBytes)} free`, {
          hint: `Leave out --ram, make room, or name another one: homelab proxmox vm config set ${guest.vmid} vmstatestorage=STORAGE`,
          details: {...details, reason: 'storage-full', neededBytes: memory, freeBytes: state.freeBytes},
        })
      : undefined
  }
}

function nameTaken(guest: Guest, {snapshots}: SnapshotSet, name: string): Failure | undefined {
  const there = snapshots.find((snapshot) => snapshot.name === name)
  if (there === undefined) return undefined
  return failure('already-exists', `${guestLabel(guest)} has a snapshot "${name}" already`, {
    hint: `Choose another name, or delete that one: homelab proxmox snapshot delete ${guest.vmid} ${name}`,
    details: {
      reason: 'snapshot-exists',
      vmid: guest.vmid,
      snapshot: name,
      ...(there.createdAt !== undefined && {createdAt: there.createdAt}),
    },
  })
}

/** A failure with what is left of the snapshot, and how it goes away. */
function withRemains(guest: Guest, name: string, failed: Failure, {snapshots}: SnapshotSet): Failure {
  const left = snapshots.find((snapshot) => snapshot.name === name)
  if (left?.snapState === undefined) return failed
  return {
    ...failed,
    hint: `An incomplete snapshot is left. If the guest is locked, unlock it: ${unlockCommand(guest)}; then delete it: homelab proxmox snapshot delete ${guest.vmid} ${name} --force${failed.hint === undefined ? '' : `. ${failed.hint}`}`,
    details: {...failed.details, snapshot: name, snapState: left.snapState},
  }
}
