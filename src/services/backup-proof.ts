import {err, ok, type Result} from 'neverthrow'
import {readBackupLog} from '../domain/backup-log.js'
import {volumeOfArchive, type Backup} from '../domain/backup.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import type {TaskReport} from '../domain/task.js'
import type {BackupRepository} from '../repositories/backup-repository.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {meaningOfTaskExit} from '../repositories/failure-from-request.js'
import type {StorageState} from '../repositories/node-storage-repository.js'
import {backupFrom} from './backup-inventory.js'
import type {BackupWatch, EndedBackup} from './backup-watch.js'
import type {Patience, Timing} from './patience.js'
import {whereNow} from './relocation.js'

/** How long the list of a storage may lag behind the task that filled it. */
const LOOKS_FOR_VOLUME = 3
const LOG_LINES_ON_FAILURE = 10

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

/** What one attempt came to: a result, or `moved` where the guest is elsewhere now and nothing was done. */
export type Attempt<T> = Result<T | 'moved', Failure>

export interface ProofParts {
  readonly backups: BackupRepository
  readonly cluster: ClusterRepository
  readonly timing: Timing
  readonly watch: BackupWatch
}

/** Whether there is a backup: what counts is the volume on the storage, and not what the task says of itself (reference 2.14). */
export class BackupProof {
  constructor(private readonly parts: ProofParts) {}

  /** Waits for a backup that somebody else began. Undefined: it is over, and went to another storage or nowhere. */
  async adopt(
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
  async judge(
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
  async afterSilence(
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

/** What is known of a backup from the beginning. */
export function backupFacts(
  {name, node, type, vmid}: Guest,
  {storage}: StorageState,
): Pick<BackupMade, 'name' | 'node' | 'storage' | 'type' | 'vmid'> {
  return {vmid, ...(name !== undefined && {name}), type, node, storage}
}

function made(guest: Guest, state: StorageState, backup: Backup, task: TaskReport): BackupMade {
  const {sizeBytes, time, volume} = backup
  return {...backupFacts(guest, state), volume, ...(sizeBytes !== undefined && {sizeBytes}), time, task}
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
