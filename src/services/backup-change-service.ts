import {err, errAsync, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import type {Backup} from '../domain/backup.js'
import {parseBackupVolume} from '../domain/backup.js'
import {failure, type Failure} from '../domain/failure.js'
import type {TaskReport} from '../domain/task.js'
import type {BackupFile, BackupRepository} from '../repositories/backup-repository.js'
import type {Patience} from './patience.js'
import type {TaskService} from './task-service.js'

/** A backup with all that can be told of it. */
export interface BackupDetails extends Backup {
  /** Where the node has it. */
  readonly path?: string
}

export interface DeletedBackup {
  readonly volume: string
  readonly storage: string
  readonly node: string
  readonly deleted: true
  /** Absent where the server was quicker than a task. */
  readonly task?: TaskReport
}

export interface ChangedBackup extends BackupDetails {
  readonly changed: boolean
}

/** Looking into backups that exist, changing what is written on them, and deleting them. */
export class BackupChangeService {
  constructor(
    private readonly backups: BackupRepository,
    private readonly tasks: TaskService,
  ) {}

  /** With the whole notes: lists have their first line only. */
  show(backup: Backup): ResultAsync<BackupDetails, Failure> {
    return this.backups.facts(backup.node, backup.storage, backup.volume).map(({notes, path, ...facts}) => {
      const {notes: _firstLine, ...rest} = backup
      return {...rest, ...facts, ...(notes !== undefined && {notes}), ...(path !== undefined && {path})}
    })
  }

  /** The guest's configuration as it was when the backup was made. */
  config({node, volume}: Backup): ResultAsync<string, Failure> {
    return this.backups.config(node, volume)
  }

  /**
   * The files at a path in a backup; only backup servers can look into theirs.
   * @param path `/`, or names joined by `/`, the first of them a disk or archive
   */
  files(backup: Backup, path: string): ResultAsync<BackupFile[], Failure> {
    if (parseBackupVolume(backup.volume)?.server !== true) {
      return errAsync(
        failure(
          'not-supported',
          `the files in ${backup.volume} cannot be listed: it is not on a Proxmox Backup Server`,
          {
            hint: `Restore it beside the original and look there: homelab proxmox backup restore ${backup.volume} --as restored`,
            details: {volume: backup.volume, storage: backup.storage},
          },
        ),
      )
    }

    const trimmed = path.replaceAll(/\/+/g, '/').replace(/(.)\/$/, '$1')
    const absolute = trimmed.startsWith('/') ? trimmed : `/${trimmed}`
    const filepath = absolute === '/' ? '/' : Buffer.from(absolute).toString('base64')
    return this.backups.files(backup.node, backup.storage, backup.volume, filepath)
  }

  /** Refuses what is protected. Done when the storage does not list it any more. */
  delete(backup: Backup, patience: Patience): ResultAsync<DeletedBackup, Failure> {
    return new ResultAsync(this.deleteOne(backup, patience))
  }

  /** Protects a backup, or takes the protection off. */
  protect(backup: Backup, wanted: boolean): ResultAsync<ChangedBackup, Failure> {
    return this.show(backup).andThen((now) => {
      if (now.protected === wanted) return okAsync({...now, changed: false})
      return this.settled(
        this.backups.change(backup.node, backup.storage, backup.volume, {protected: wanted}),
        backup,
        (after) => after.protected === wanted,
      )
    })
  }

  /** @param text empty: none */
  setNotes(backup: Backup, text: string): ResultAsync<ChangedBackup, Failure> {
    const wanted = text.trimEnd()
    const isSo = (details: BackupDetails): boolean => (details.notes ?? '').trimEnd() === wanted
    return this.show(backup).andThen((now) => {
      if (isSo(now)) return okAsync({...now, changed: false})
      return this.settled(
        this.backups.change(backup.node, backup.storage, backup.volume, {notes: wanted}),
        backup,
        isSo,
      )
    })
  }

  /** Reads back, also after an answer that was lost: it is so or it is not. */
  private settled(
    change: ResultAsync<void, Failure>,
    backup: Backup,
    isSo: (details: BackupDetails) => boolean,
  ): ResultAsync<ChangedBackup, Failure> {
    return change
      .map((): Failure | undefined => undefined)
      .orElse((failed) => (failed.kind === 'outcome-unknown' ? okAsync(failed) : errAsync(failed)))
      .andThen((lost) =>
        this.show(backup).andThen((after) =>
          isSo(after)
            ? ok({...after, changed: true})
            : err(lost ?? failure('unexpected', `${backup.volume} was not changed, though the server accepted it`)),
        ),
      )
  }

  private async deleteOne(backup: Backup, patience: Patience): Promise<Result<DeletedBackup, Failure>> {
    const {node, storage, volume} = backup
    const now = await this.listed(backup)
    if (now.isErr()) return err(now.error)
    if (now.value?.protected ?? backup.protected) return err(protectedBackup(volume))
    const sent = await this.backups.delete(node, storage, volume)
    if (sent.isErr() && sent.error.kind !== 'outcome-unknown') return err(sent.error)
    const upid = sent.unwrapOr(undefined)
    const ended =
      upid === undefined
        ? ok<TaskReport | undefined, Failure>(undefined)
        : await this.tasks.waitOk(upid, `deletion of ${volume}`, patience)
    if (ended.isErr()) return err(ended.error)
    const after = await this.listed(backup)
    if (after.isErr()) return err(sent.isErr() ? sent.error : after.error)
    if (after.value !== undefined) {
      return err(
        sent.isErr()
          ? sent.error
          : failure('task-failed', `${volume} is still there, though its deletion ended well`, {
              ...(upid !== undefined && {upid}),
              details: {reason: 'still-there', volume, node},
            }),
      )
    }

    return ok({volume, storage, node, deleted: true, ...(ended.value !== undefined && {task: ended.value})})
  }

  private listed({node, storage, vmid, volume}: Backup) {
    return this.backups.list(node, storage, vmid).map((rows) => rows.find((row) => row.volume === volume))
  }
}

export function protectedBackup(volume: string): Failure {
  return failure('protected', `backup ${volume} is protected`, {
    hint: `Take the protection off first: homelab proxmox backup protect ${volume} --off`,
    details: {reason: 'volume-protected', volume},
  })
}
