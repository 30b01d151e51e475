import {err, ok, okAsync, type Result} from 'neverthrow'
import {backupFrom} from './backup-inventory.js'
import {volumeOfArchive, type Backup} from '../domain/backup.js'
import {readBackupLog} from '../domain/backup-log.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import type {TaskReport, TaskSummary} from '../domain/task.js'
import {parseUpid} from '../domain/upid.js'
import type {BackupRepository, VzdumpOptions} from '../repositories/backup-repository.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {meaningOfTaskExit} from '../repositories/failure-from-request.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {StorageState} from '../repositories/node-storage-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import type {BackupWatch, EndedBackup} from './backup-watch.js'
import {fanOut, type TargetResult} from './fan-out.js'
import {NodeLimit} from './node-limit.js'
import {impatience, type Patience, type Timing} from './patience.js'
import {following, whereNow} from './relocation.js'
import type {ReleaseGate} from './release-gate.js'
import type {StorageCheck} from './storage-check.js'

/** How often a guest that keeps moving is followed. */
const MOST_MOVES = 4
const LOOKS_FOR_LOST_TASK = 3
/** How long the list of a storage may lag behind the task that filled it. */
const LOOKS_FOR_VOLUME = 3
const LOG_LINES_ON_FAILURE = 10
/** No locked guest can be backed up, but this lock passes when the backup that runs is over. */
const BACKUP_LOCK = 'backup'

/** How to back up. */
export interface BackupWish extends Omit<VzdumpOptions, 'storage' | 'vmid'> {
  /** Undefined: where vzdump of the guest's node would put it. */
  readonly storage?: string
}

/** A guest, and where its backup would go; decided by GET requests alone. */
export interface PlannedBackup {
  readonly guest: Guest
  readonly storage: string
  readonly shared: boolean
  /** Backup tasks that the node is busy with. */
  readonly busy: readonly string[]
}

/** A backup that was made and seen on its storage. */
export interface BackupMade {
  readonly vmid: number
  readonly name?: string
  readonly type: GuestType
  readonly node: string
  readonly storage: string
  readonly volume: string
  readonly sizeBytes?: number
  readonly time: string
  readonly task: TaskReport
  /** Somebody else had begun it; it was waited for instead of making another one. */
  readonly adopted?: true
  readonly warnings?: readonly string[]
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
  readonly guests: GuestRepository
  readonly releases: ReleaseGate
  readonly storages: StorageCheck
  readonly taskList: TaskRepository
  readonly timing: Timing
  readonly watch: BackupWatch
}

/** What one attempt came to: a result, or `moved` where the guest is elsewhere now and nothing was done. */
type Attempt<T> = Result<T | 'moved', Failure>

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
    const sent = await this.send(guest, state, wish, known, patience)
    if (sent.isErr()) return err(sent.error)
    if (sent.value === undefined) return ok('moved')
    const first = await this.earlier(guest, sent.value, known)
    if (first !== undefined) {
      // Two asked at the same moment: whoever came second takes his own back, before it has had its turn.
      await this.withdraw(sent.value, guest, patience)
      return this.join(guest, state, first, wish, patience, manner)
    }

    if (!manner.wait) return ok({...begun(guest, state), upid: sent.value})
    const what = `backup of ${guestLabel(guest)}`
    patience.onStep?.({text: what})
    const ended = await this.parts.watch.wait(sent.value, guest.vmid, what, patience)
    return ended.isErr()
      ? this.afterSilence(guest, state, before, sent.value, ended.error)
      : this.judge(guest, state, before, ended.value)
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
    if (!manner.wait) return ok({...begun(guest, state), upid, adopted: true})
    const adopted = await this.adopt(guest, state, upid, patience)
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

  /** @returns the UPID; undefined when the guest is not there, so that nothing was begun */
  private async send(
    guest: Guest,
    {storage, type}: StorageState,
    wish: BackupWish,
    known: ReadonlySet<string>,
    patience: Patience,
  ): Promise<Result<string | undefined, Failure>> {
    const {compress, fleecing, ...options} = wish
    const sent = await this.parts.backups.run(guest.node, {
      ...options,
      vmid: guest.vmid,
      storage,
      // A backup server compresses by itself, and only VMs have what is fleeced.
      ...(compress !== undefined && type !== 'pbs' && {compress}),
      ...(fleecing !== undefined && guest.type === 'qemu' && {fleecing}),
    })
    if (sent.isOk() && sent.value === undefined) return ok((await this.newTasks(guest, known))[0]?.upid)
    if (sent.isOk() || sent.error.kind !== 'outcome-unknown') return sent
    const upid = await this.findLost(guest, known, patience)
    if (upid !== undefined) return ok(upid)
    return err(
      failure(
        'outcome-unknown',
        `nobody knows whether a backup of ${guestLabel(guest)} was begun on ${guest.node}: the answer was lost, and no task of it is to be seen`,
        {
          hint: `Look again before you repeat it: homelab proxmox task list --node ${guest.node} --type vzdump --guest ${guest.vmid}. Running the same command again makes no second one while one is under way`,
          details: {vmid: guest.vmid, node: guest.node, storage, reason: 'answer-lost'},
        },
      ),
    )
  }

  /** The task that a lost answer would have named: one of this guest that was not there before. */
  private async findLost(guest: Guest, known: ReadonlySet<string>, {signal}: Patience): Promise<string | undefined> {
    for (let look = 0; look < LOOKS_FOR_LOST_TASK; look++) {
      await this.parts.timing.sleep(500 * 2 ** look, signal)
      const [task] = await this.newTasks(guest, known)
      if (task !== undefined) return task.upid
    }

    return undefined
  }

  /** Another task of the same guest that was begun at the same moment, before ours; none when ours is over already. */
  private async earlier(guest: Guest, ours: string, known: ReadonlySet<string>): Promise<string | undefined> {
    const tasks = await this.newTasks(guest, known)
    const own = tasks.find(({upid}) => upid === ours)
    const [first] = tasks.filter(({state, upid}) => upid === ours || state !== 'failed')
    return own?.state === 'running' && first?.upid !== ours ? first?.upid : undefined
  }

  /** In the order in which they came. */
  private async newTasks(guest: Guest, known: ReadonlySet<string>): Promise<TaskSummary[]> {
    const listed = await this.parts.taskList.list(guest.node, {type: 'vzdump', vmid: guest.vmid})
    return listed
      .unwrapOr([])
      .filter(({upid}) => !known.has(upid))
      .sort((a, b) => orderOf(a.upid) - orderOf(b.upid) || (a.upid < b.upid ? -1 : 1))
  }

  private async withdraw(upid: string, guest: Guest, patience: Patience): Promise<void> {
    const task = parseUpid(upid)
    if (task === undefined) return
    await this.parts.taskList.stop(task)
    const {onStep: _onStep, ...quiet} = patience
    await this.parts.watch.wait(upid, guest.vmid, `end of the second backup of ${guestLabel(guest)}`, quiet)
  }

  /** Waits for a backup that somebody else began. Undefined: it is over, and went to another storage or nowhere. */
  private async adopt(
    guest: Guest,
    state: StorageState,
    upid: string,
    patience: Patience,
  ): Promise<Result<BackupMade | undefined, Failure>> {
    const what = `backup of ${guestLabel(guest)} that was under way already`
    patience.onStep?.({text: what})
    const ended = await this.parts.watch.wait(upid, guest.vmid, what, patience)
    if (ended.isErr()) return err(ended.error)
    const {log, report} = ended.value
    const archive = log === undefined ? undefined : readBackupLog(log).guests.get(guest.vmid)?.archive
    if (report.outcome === 'failed' || archive === undefined) return ok(undefined)
    const volume = volumeOfArchive(state.storage, archive)
    const listed = await this.volumes(guest, state)
    const found = listed.unwrapOr([]).find((backup) => backup.volume === volume)
    return ok(found === undefined ? undefined : {...made(guest, state, found, report), adopted: true})
  }

  /** Looks at what the task left, whatever it says of itself. */
  private async judge(
    guest: Guest,
    state: StorageState,
    before: ReadonlySet<string>,
    {log, report}: EndedBackup,
  ): Promise<Attempt<BackupMade>> {
    const told = log === undefined ? undefined : readBackupLog(log)
    const entry = told?.guests.get(guest.vmid)
    const archive = entry?.archive
    const failed = report.outcome === 'failed'
    // A log without an archive tells that none was made; only one that cannot be read leaves it open.
    const mayExist = log === undefined || (archive !== undefined && (!failed || entry?.complete === true))
    const found = mayExist ? await this.newVolume(guest, state, before, archive, !failed) : ok(undefined)
    if (found.isErr()) return err(unseen(guest, state, report, found.error))
    if (found.value !== undefined) {
      const warning = `the backup is complete, but its task failed afterwards: ${entry?.error ?? report.exitStatus}`
      return ok({...made(guest, state, found.value, report), ...(failed && {warnings: [warning]})})
    }

    if (entry === undefined || /unable to find VM/.test(entry.error ?? '')) {
      const now = await whereNow(this.parts.cluster, guest)
      if (now.isOk() && now.value.node !== guest.node) return ok('moved')
    }

    return err(
      failed ? taskFailed(guest, report, entry?.error ?? told?.error, log) : noBackup(guest, state, report, log),
    )
  }

  /** The task is out of reach for good; whether there is a backup is seen where the storage is still to be seen. */
  private async afterSilence(
    guest: Guest,
    state: StorageState,
    before: ReadonlySet<string>,
    upid: string,
    failed: Failure,
  ): Promise<Attempt<BackupMade>> {
    if (failed.kind !== 'node-offline') return err(failed)
    const found = await this.newVolume(guest, state, before, undefined, false)
    if (found.isOk() && found.value !== undefined) {
      const report: TaskReport = {upid, outcome: 'failed', exitStatus: 'unknown', durationSeconds: 0}
      const warning = `node ${guest.node} went offline; the backup was complete by then`
      return ok({...made(guest, state, found.value, report), warnings: [warning]})
    }

    const looked = found.isOk() ? `storage ${state.storage} has no new backup of it` : 'the storage cannot be seen'
    return err(
      failure('outcome-unknown', `${failed.message}; ${looked}`, {
        ...(failed.hint !== undefined && {hint: failed.hint}),
        upid,
        details: {...failed.details, vmid: guest.vmid, storage: state.storage},
      }),
    )
  }

  /** The volume that was not there before: the one of that archive, or any where no log tells its name. */
  private async newVolume(
    guest: Guest,
    state: StorageState,
    before: ReadonlySet<string>,
    archive: string | undefined,
    expected: boolean,
  ): Promise<Result<Backup | undefined, Failure>> {
    const wanted = archive === undefined ? undefined : volumeOfArchive(state.storage, archive)
    for (let look = 1; ; look++) {
      const listed = await this.volumes(guest, state)
      const last = look >= (expected || listed.isErr() ? LOOKS_FOR_VOLUME : 1)
      if (listed.isErr() && last) return err(listed.error)
      const [found] = listed
        .unwrapOr([])
        // A backup server lists what is still being written, with a size of 1 (reference 2.14).
        .filter(
          ({sizeBytes, volume}) => (wanted === undefined ? !before.has(volume) : volume === wanted) && sizeBytes !== 1,
        )
      if (found !== undefined || last) return ok(found)
      await this.parts.timing.sleep(500 * look)
    }
  }

  /** At the guest's node; a shared storage also at another one that sees it. */
  private async volumes(guest: Guest, {shared, storage}: StorageState): Promise<Result<Backup[], Failure>> {
    const {backups, cluster} = this.parts
    const at = (node: string) =>
      backups.list(node, storage, guest.vmid).map((rows) => rows.map((row) => backupFrom(row, {node, shared, storage})))
    const listed = await at(guest.node)
    if (listed.isOk() || !shared) return listed
    const resources = await cluster.resources('storage')
    const others = resources.isErr()
      ? []
      : resources.value.storages.filter((one) => one.storage === storage && one.node !== guest.node && one.available)
    for (const {node} of others) {
      const elsewhere = await at(node)
      if (elsewhere.isOk()) return elsewhere
    }

    return listed
  }
}

function begun({name, node, type, vmid}: Guest, {storage}: StorageState): Omit<BackupBegun, 'upid'> {
  return {vmid, ...(name !== undefined && {name}), type, node, storage}
}

function made(guest: Guest, state: StorageState, backup: Backup, task: TaskReport): BackupMade {
  const {sizeBytes, time, volume} = backup
  return {...begun(guest, state), volume, ...(sizeBytes !== undefined && {sizeBytes}), time, task}
}

/** Seconds, then the order of processes. */
function orderOf(upid: string): number {
  return parseUpid(upid)?.startTime.getTime() ?? 0
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

function taskFailed(
  guest: Guest,
  report: TaskReport,
  reason: string | undefined,
  log: readonly string[] | undefined,
): Failure {
  // `job errors` says nothing; the guest's own line does.
  const why = reason === undefined || reason === '' ? report.exitStatus : reason
  const stopped = /interrupt/.test(report.exitStatus)
  const {details, hint, kind} = meaningOfTaskExit(stopped ? report.exitStatus : why)
  return failure(kind, `backup of ${guestLabel(guest)} failed: ${why}`, {
    hint: [hint, `See the whole log with: homelab proxmox task log ${report.upid}`].filter(Boolean).join('. '),
    upid: report.upid,
    taskLog: (log ?? []).slice(-LOG_LINES_ON_FAILURE),
    details: {...details, vmid: guest.vmid, node: guest.node, exitStatus: report.exitStatus},
  })
}

function noBackup(
  guest: Guest,
  {storage}: StorageState,
  report: TaskReport,
  log: readonly string[] | undefined,
): Failure {
  return failure(
    'task-failed',
    `backup of ${guestLabel(guest)} failed: its task ended with ${report.exitStatus}, but storage ${storage} has no new backup`,
    {
      hint: `See the whole log with: homelab proxmox task log ${report.upid}`,
      upid: report.upid,
      taskLog: (log ?? []).slice(-LOG_LINES_ON_FAILURE),
      details: {reason: 'no-backup', vmid: guest.vmid, node: guest.node, storage, exitStatus: report.exitStatus},
    },
  )
}

function unseen(guest: Guest, {storage}: StorageState, report: TaskReport, why: Failure): Failure {
  return failure(
    'outcome-unknown',
    `the task of the backup of ${guestLabel(guest)} ended with ${report.exitStatus}, but the backup could not be looked for: ${why.message}`,
    {
      hint: `Look for it: homelab proxmox backup list ${guest.vmid} --storage ${storage}`,
      upid: report.upid,
      details: {reason: 'not-looked', vmid: guest.vmid, node: guest.node, storage, exitStatus: report.exitStatus},
    },
  )
}
