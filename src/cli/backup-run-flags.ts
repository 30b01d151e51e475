import {Flags} from '@oclif/core'
import {err, ok, type Result} from 'neverthrow'
import {notesTemplate} from '../domain/backup.js'
import type {Failure} from '../domain/failure.js'
import type {BackupWish} from '../services/backup-dispatch.js'
import {durationFlag, sizeFlag} from './flags.js'

/** How to back up; for whatever makes backups. */
export const backupWishFlags = {
  storage: Flags.string({
    description: "Storage for the backup; by default that of the node's vzdump settings, else local.",
    helpValue: 'STORAGE',
  }),
  mode: Flags.string({
    description: 'snapshot: while it runs; suspend: paused at the end; stop: shut down meanwhile.',
    default: 'snapshot',
    options: ['snapshot', 'suspend', 'stop'],
  }),
  compress: Flags.string({
    description: 'Compression; a backup server always has its own.',
    default: 'zstd',
    options: ['zstd', 'gzip', 'lzo', 'none'],
  }),
  notes: Flags.string({
    description: 'Notes; {{guestname}}, {{vmid}}, {{node}} and {{cluster}} are filled in.',
    default: '{{guestname}}',
    helpValue: 'TEMPLATE',
  }),
  protected: Flags.boolean({description: 'Protect it from being pruned and deleted.'}),
  fleecing: Flags.string({
    description: 'Storage on which a running VM keeps what it overwrites meanwhile. Proxmox VE 8.2.',
    helpValue: 'STORAGE',
  }),
  bandwidth: sizeFlag({description: 'At most so much a second, as 50MiB; needs Sys.Modify on /.'}),
  prune: Flags.boolean({
    allowNo: true,
    default: true,
    description: "Remove older backups by the storage's own rules, as Proxmox VE does; --no-prune keeps all.",
  }),
}

/** Backups take longer than most tasks. */
export const backupTimeoutFlag = {
  timeout: durationFlag({
    description: 'Stop waiting for a guest after this time (exit 124), 12h by default; the task goes on.',
    env: 'HOMELAB_TIMEOUT',
    helpGroup: 'WAITING',
  }),
}

export const BACKUP_TIMEOUT_MS = 12 * 60 * 60 * 1000

export interface BackupWishValues {
  readonly storage?: string | undefined
  readonly mode: string
  readonly compress: string
  readonly notes: string
  readonly protected: boolean
  readonly fleecing?: string | undefined
  readonly bandwidth?: number | undefined
  readonly prune: boolean
}

/** @returns a `usage` failure for notes that Proxmox VE would refuse */
export function backupWish(flags: BackupWishValues): Result<BackupWish, Failure> {
  const notes = flags.notes === '' ? ok<string | undefined, Failure>(undefined) : notesTemplate(flags.notes)
  if (notes.isErr()) return err(notes.error)
  return ok({
    mode: flags.mode as BackupWish['mode'],
    compress: (flags.compress === 'none' ? '0' : flags.compress) as NonNullable<BackupWish['compress']>,
    ...(flags.storage !== undefined && {storage: flags.storage}),
    ...(notes.value !== undefined && {'notes-template': notes.value}),
    ...(flags.protected && {protected: true}),
    ...(flags.fleecing !== undefined && {fleecing: `enabled=1,storage=${flags.fleecing}`}),
    ...(flags.bandwidth !== undefined && {bwlimit: Math.max(1, Math.floor(flags.bandwidth / 1024))}),
    ...(!flags.prune && {remove: false}),
  })
}
