import {err, ok, type Result} from 'neverthrow'
import {guestsOfJob, type BackupJob} from '../domain/backup-job.js'
import {failure, type Failure} from '../domain/failure.js'
import {byVmid, type Guest} from '../domain/guest.js'
import type {BackupWish} from './backup-dispatch.js'

/** A job that is to run now. */
export interface JobRunPlan {
  readonly guests: readonly Guest[]
  readonly wish: BackupWish
  /** VMIDs that it names and nobody has. */
  readonly missing: readonly number[]
}

/** What only says which guests and when; everything else is a backup's own option. */
const PLANNING: ReadonlySet<string> = new Set([
  'all',
  'comment',
  'dow',
  'enabled',
  'exclude',
  'id',
  'mode',
  'next-run',
  'node',
  'pool',
  'repeat-missed',
  'schedule',
  'starttime',
  'storage',
  'type',
  'vmid',
])

/** The backups that a job comes to now, with its own options: its rules of what to keep, notes, notifications. */
export function jobRunPlan(job: BackupJob, guests: readonly Guest[]): Result<JobRunPlan, Failure> {
  const chosen = guestsOfJob(job, guests).sort(byVmid)
  const missing = (job.vmids ?? []).filter((vmid) => !guests.some((guest) => guest.vmid === vmid))
  if (chosen.length === 0) {
    return err(
      failure('not-found', `backup job ${job.id} has no guest to be saved`, {
        hint: `See what it is about: homelab proxmox job show ${job.id}`,
        details: {id: job.id, missing},
      }),
    )
  }

  const options = Object.entries(job.options).flatMap(([option, value]) =>
    PLANNING.has(option) || value === undefined || value === null ? [] : [[option, plain(value)] as const],
  )
  return ok({
    guests: chosen,
    missing,
    wish: {
      ...Object.fromEntries(options),
      mode: job.mode,
      ...(job.storage !== undefined && {storage: job.storage}),
    },
  })
}

/** Answers take property strings apart; requests want them whole. */
function plain(value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value)
        .map(([key, part]) => `${key}=${String(part)}`)
        .join(',')
    : value
}
