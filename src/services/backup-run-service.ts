import {err, ok, okAsync, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import type {TaskSummary} from '../domain/task.js'
import type {BackupRepository} from '../repositories/backup-repository.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {StorageState} from '../repositories/node-storage-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import type {BackupDispatch, BackupWish} from './backup-dispatch.js'
import {backupFacts, type Attempt, type BackupMade, type BackupProof} from './backup-proof.js'
import type {BackupWatch} from './backup-watch.js'
import {fanOut, type TargetResult} from './fan-out.js'
import {NodeLimit} from './node-limit.js'
import {impatience, type Patience, type Timing} from './patience.js'
import {following, whereNow} from './relocation.js'
import type {ReleaseGate} from './release-gate.js'
import type {StorageCheck} from './storage-check.js'

/** How often a guest that keeps moving is followed. */
const MOST_MOVES = 4
/** No locked guest can be backed up, but this lock passes when the backup that runs is over. */
const BACKUP_LOCK = 'backup'

/** A guest, and where its backup would go; decided by GET requests alone. */
export interface PlannedBackup {
  readonly guest: Guest
  readonly storage: string
  readonly shared: boolean
  /** Backup tasks that the node is busy with. */
  readonly busy: readonly string[]
}

/** A backup under way, when nobody waits for it. */
export interface BackupBegun {
  readonly vmid: number
  readonly name?: string
  readonly type: GuestType
  readonly node: string
  readonly storage: string
  readonly upid: string
  readonly adopted?: true
}

export interface BackupListener {
  /** A node makes one backup after the other: this one waits for these tasks. */
  readonly onBusy?: (guest: Guest, upids: readonly string[]) => void
  readonly onDone?: (result: TargetResult<BackupBegun | BackupMade>) => void
}

export interface BackupManner extends BackupListener {
  /** False: done once the task is under way. */
  readonly wait: boolean
  /** So many nodes at the same time; each of them saves one guest after the other. */
  readonly parallel: number
  readonly failFast: boolean
}

export interface BackupRunParts {
  readonly backups: BackupRepository
  readonly cluster: ClusterRepository
  readonly dispatch: BackupDispatch
  readonly guests: GuestRepository
  readonly proof: BackupProof
  readonly releases: ReleaseGate
  readonly storages: StorageCheck
  readonly taskList: TaskRepository
  readonly timing: Timing
  readonly watch: BackupWatch
}

/**
 * Backups of guests, a task for each, so that each has a result of its own. A backup is made when its task has ended and a new volume is seen on the storage:
 * the task alone proves nothing (reference 2.14).
 */
export class BackupRunService {
  readonly #turns = new NodeLimit(1)

  constructor(private readonly parts: BackupRunParts) {}

  /** Where the backup of a guest would go, and what stands against it. GET requests only. */
  async plan(listed: Guest, wish: BackupWish): Promise<Result<PlannedBackup, Failure>> {
    const supported = await this.check(wish)
    if (supported.isErr()) return err(supported.error)
    const prepared = await this.prepare(listed, wish)
    return prepared.map(({busy, guest, running, state}) => ({
      guest,
      storage: state.storage,
      shared: state.shared,
      busy: [...running, ...busy].map(({upid}) => upid),
    }))
  }

  /**
   * Backs up guests: the nodes work at the same time, each on one guest after the other, as it would anyhow. The results are in the order of the guests.
   * @param patience made anew for each guest, when its turn comes
   */
  async runAll(
    guests: readonly Guest[],
    wish: BackupWish,
    patience: () => Patience,
    manner: BackupManner,
  ): Promise<TargetResult<BackupBegun | BackupMade>[]> {
    const byNode = new Map<string, Guest[]>()
    for (const guest of guests) byNode.set(guest.node, [...(byNode.get(guest.node) ?? []), guest])
    const results = new Map<number, TargetResult<BackupBegun | BackupMade>>()
    let failed = false
    await fanOut(
      [...byNode.values()],
      ([first]) => first?.node ?? '',
      async (queue) => {
        for (const guest of queue) {
          const own = patience()
          if (own.signal?.aborted === true || (manner.failFast && failed)) break
          const result = await this.run(guest, wish, own, manner)
          if (result.isErr()) failed = true
          const target = guest.name ?? String(guest.vmid)
          const told: TargetResult<BackupBegun | BackupMade> = result.isOk()
            ? {target, ok: true, value: result.value}
            : {target, ok: false, error: result.error}
          results.set(guest.vmid, told)
          manner.onDone?.(told)
        }

        return ok(undefined)
      },
      {parallel: manner.parallel, failFast: false},
    )
    return guests.flatMap(({vmid}) => results.get(vmid) ?? [])
  }

  /**
   * Backs up one guest where it is; one that moves meanwhile is followed. A backup of it that is under way already is waited for instead of making a second
   * one, if it goes to the same storage.
   */
  async run(
    listed: Guest,
    wish: BackupWish,
    patience: Patience,
    manner: BackupListener & {readonly wait: boolean},
  ): Promise<Result<BackupBegun | BackupMade, Failure>> {
    const supported = await this.check(wish)
    if (supported.isErr()) return err(supported.error)
    let guest = listed
    for (let moves = 0; ; moves++) {
      const here = guest
      const tried: Attempt<BackupBegun | BackupMade> = manner.wait
        ? await this.#turns.run(here.node, () => this.attempt(here, wish, patience, manner))
        : await this.attempt(here, wish, patience, manner)
      if (tried.isErr()) return err(tried.error)
      if (tried.value !== 'moved') return ok(tried.value)
      const now = await whereNow(this.parts.cluster, guest)
      if (now.isErr()) return err(now.error)
      if (moves >= MOST_MOVES || now.value.node === guest.node) return err(nothingDone(now.value))
      guest = now.value
      const gone = impatience(patience, this.parts.timing, `the backup of ${guestLabel(guest)}`)
      if (gone !== undefined) return err(gone)
    }
  }

  private async check({fleecing}: BackupWish): Promise<Result<void, Failure>> {
    if (fleecing === undefined) return ok(undefined)
    return this.parts.releases.require('fleecing', '8.2', 'Leave --fleecing out')
  }

  private async attempt(
    listed: Guest,
    wish: BackupWish,
    patience: Patience,
    manner: BackupListener & {readonly wait: boolean},
  ): Promise<Attempt<BackupBegun | BackupMade>> {
    const prepared = await this.prepare(listed, wish)
    if (prepared.isErr()) return err(prepared.error)
    const {before, busy, guest, known, running, state} = prepared.value
    const [theirs] = running
    if (theirs !== undefined) return this.join(guest, state, theirs.upid, wish, patience, manner)
    if (busy.length > 0)
      manner.onBusy?.(
        guest,
        busy.map(({upid}) => upid),
      )
    const sent = await this.parts.dispatch.send(guest, state, wish, known, patience)
    if (sent.isErr()) return err(sent.error)
    if (sent.value === undefined) return ok('moved')
    const first = await this.parts.dispatch.earlier(guest, sent.value, known)
    if (first !== undefined) {
      // Two asked at the same moment: whoever came second takes his own back, before it has had its turn.
      await this.parts.dispatch.withdraw(sent.value, guest, patience)
      return this.join(guest, state, first, wish, patience, manner)
    }

    if (!manner.wait) return ok({...backupFacts(guest, state), upid: sent.value})
    const what = `backup of ${guestLabel(guest)}`
    patience.onStep?.({text: what})
    const ended = await this.parts.watch.wait(sent.value, guest.vmid, what, patience)
    return ended.isErr()
      ? this.parts.proof.afterSilence(guest, state, before, sent.value, ended.error)
      : this.parts.proof.judge(guest, state, before, ended.value)
  }

  /** Waits for the backup that somebody else began; when that failed, or went to another storage, ours is made after all. */
  private async join(
    guest: Guest,
    state: StorageState,
    upid: string,
    wish: BackupWish,
    patience: Patience,
    manner: BackupListener & {readonly wait: boolean},
  ): Promise<Attempt<BackupBegun | BackupMade>> {
    if (!manner.wait) return ok({...backupFacts(guest, state), upid, adopted: true})
    const adopted = await this.parts.proof.adopt(guest, state, upid, patience)
    if (adopted.isErr() || adopted.value !== undefined) return adopted.map((found) => found ?? 'moved')
    return this.attempt(guest, wish, patience, manner)
  }

  /** The guest where it is now, the storage as that node has it, and the backup tasks there. */
  private async prepare(
    listed: Guest,
    wish: BackupWish,
  ): Promise<
    Result<
      {
        guest: Guest
        state: StorageState
        before: ReadonlySet<string>
        known: ReadonlySet<string>
        running: readonly TaskSummary[]
        busy: readonly TaskSummary[]
      },
      Failure
    >
  > {
    const {backups, cluster, guests, storages, taskList} = this.parts
    const found = await following(cluster, listed, (guest) => guests.config(guest).map((config) => ({guest, config})))
    if (found.isErr()) return err(found.error)
    const {config, guest} = found.value
    const {node} = guest
    const storage = wish.storage === undefined ? await this.usualStorage(node) : ok<string, Failure>(wish.storage)
    if (storage.isErr()) return err(storage.error)
    const state = await storages.require({node, storage: storage.value, content: 'backup'})
    if (state.isErr()) return err(state.error)
    if (state.value.freeBytes === 0 && state.value.type !== 'pbs') return err(full(storage.value, node))
    const before = await backups.list(node, storage.value, guest.vmid)
    if (before.isErr()) return err(before.error)
    // The last look before the request: what begins later is a rival of the same moment.
    const tasks = await taskList.list(node, {type: 'vzdump', limit: 200})
    if (tasks.isErr()) return err(tasks.error)
    const active = tasks.value.filter(({state: now}) => now === 'running')
    const running = active.filter(({id}) => id === String(guest.vmid))
    const lock = typeof config['lock'] === 'string' ? config['lock'] : undefined
    if (lock !== undefined && !(lock === BACKUP_LOCK && active.length > 0)) return err(locked(guest, lock))
    return ok({
      guest,
      state: state.value,
      before: new Set(before.value.map(({volume}) => volume)),
      known: new Set(tasks.value.map(({upid}) => upid)),
      running,
      busy: active.filter(({id}) => id !== String(guest.vmid)),
    })
  }

  /** What vzdump itself would take: the storage of the node's own defaults, else `local`. */
  private async usualStorage(node: string): Promise<Result<string, Failure>> {
    const defaults = await this.parts.backups.defaults(node).orElse(() => okAsync({}))
    const {storage}: {readonly storage?: string} = defaults.unwrapOr({})
    return ok(storage ?? 'local')
  }
}

function locked(guest: Guest, lock: string): Failure {
  const over =
    lock === BACKUP_LOCK
      ? 'No backup runs on its node, so one was cut off and left the lock behind'
      : `A ${lock} is under way, or was cut off. See what runs: homelab proxmox task list --guest ${guest.vmid}`
  return failure('locked', `${guestLabel(guest)} is locked (${lock}) and cannot be backed up`, {
    hint: `${over}. Take it away: homelab proxmox ${guest.type === 'qemu' ? 'vm' : 'lxc'} unlock ${guest.vmid}`,
    details: {reason: 'guest-locked', lock, vmid: guest.vmid, node: guest.node},
  })
}

function full(storage: string, node: string): Failure {
  return failure('no-capacity', `storage "${storage}" has no room left on node ${node}`, {
    hint: `Make room, or name another storage: homelab proxmox backup prune --storage ${storage} --keep-last 3 --all --dry-run`,
    details: {reason: 'storage-full', storage, node},
  })
}

function nothingDone(guest: Guest): Failure {
  return failure('task-failed', `node ${guest.node} began no backup of ${guestLabel(guest)}, though it is there`, {
    hint: 'It may be moving. Try again in a moment',
    details: {reason: 'nothing-done', vmid: guest.vmid, node: guest.node},
  })
}
