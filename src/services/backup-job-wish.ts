import {err, ok, Result} from 'neverthrow'
import type {BackupJob, JobWish, Unsettable} from '../domain/backup-job.js'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {resolveGuest} from './guest-service.js'

/** What a job is to be, with guests by name or VMID. */
export interface JobRequest extends Omit<JobWish, 'exclude' | 'vmids'> {
  /** Instead of those it names now. */
  readonly guests?: readonly string[]
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
  readonly exclude?: readonly string[]
  readonly unset?: readonly Unsettable[]
}

export const SCHEDULE_HINT =
  'Write it like "02:00", "sat 03:00", "mon..fri 22:30", "*/6:00", "sun *-1..7 04:00" or "daily"; see what it means: homelab proxmox job next --schedule TEXT'

/** The wish in VMIDs; guests to be added or left out go by what the job names now. */
export function wishOf(
  {guests, add, remove, exclude, unset: _unset, ...rest}: JobRequest,
  before: BackupJob | undefined,
  resources: ClusterResources,
): Result<JobWish, Failure> {
  const ids = (names: readonly string[] | undefined): Result<number[] | undefined, Failure> => {
    if (names === undefined) return ok(undefined)
    const found: number[] = []
    for (const name of names) {
      const guest = resolveGuest(resources.guests, undefined, name)
      // A guest that is gone can still be named by a job: by its VMID.
      if (guest.isErr() && !(guest.error.kind === 'not-found' && isNamed(before, name))) return err(guest.error)
      found.push(guest.isOk() ? guest.value.vmid : Number(name))
    }

    return ok([...new Set(found)])
  }

  return Result.combine([ids(guests), ids(add), ids(remove), ids(exclude)]).andThen(
    ([chosen, added, removed, excluded]): Result<JobWish, Failure> => {
      const change = (added ?? removed) !== undefined
      if (change && before?.vmids === undefined) return err(namesNone())
      const drop = new Set(removed)
      const vmids = change
        ? [...new Set([...(before?.vmids ?? []), ...(added ?? [])])].filter((vmid) => !drop.has(vmid))
        : chosen
      if (change && vmids?.length === 0) return err(nobodyLeft())
      return ok({...rest, ...(vmids !== undefined && {vmids}), ...(excluded !== undefined && {exclude: excluded})})
    },
  )
}

function namesNone(): Failure {
  return failure('usage', 'this job names no guests that one could be added to or removed from', {
    hint: 'Name the guests it shall have, or use --exclude',
    details: {field: 'add'},
  })
}

function nobodyLeft(): Failure {
  return failure('usage', 'no guest would be left in the job', {
    hint: 'Delete it, or switch it off with --disable',
    details: {field: 'remove'},
  })
}

function isNamed(job: BackupJob | undefined, name: string): boolean {
  return [...(job?.vmids ?? []), ...(job?.exclude ?? [])].some((vmid) => String(vmid) === name)
}

/** The job as it will be, as far as checks need it. */
export function afterwards(before: BackupJob | undefined, wish: JobWish, unset: readonly string[]): JobWish {
  const kept = before === undefined ? {} : {...before}
  const gone = new Set(unset)
  const {vmids, all, pool, exclude, node, storage, notesTemplate, ...rest} = {...kept, ...wish}
  return {
    ...rest,
    ...(vmids !== undefined && !gone.has('vmid') && {vmids}),
    ...(all === true && !gone.has('all') && {all}),
    ...(pool !== undefined && !gone.has('pool') && {pool}),
    ...(exclude !== undefined && exclude.length > 0 && !gone.has('exclude') && {exclude}),
    ...(node !== undefined && !gone.has('node') && {node}),
    ...(storage !== undefined && {storage}),
    ...(notesTemplate !== undefined && !gone.has('notes-template') && {notesTemplate}),
  }
}

/** What Proxmox VE would refuse, in words that say what to do. */
export function checkComplete({vmids, all, pool, exclude, schedule}: JobWish): Result<void, Failure> {
  const ways = [vmids !== undefined, all === true, pool !== undefined].filter(Boolean).length
  const problem =
    schedule === undefined
      ? (['a job needs a schedule', 'schedule'] as const)
      : ways === 0
        ? (['a job needs guests', 'guest'] as const)
        : ways > 1
          ? (['a job saves named guests, all, or those of a pool: only one of these', 'guest'] as const)
          : vmids !== undefined && exclude !== undefined
            ? (['guests can be left out of all or of a pool, not of those that are named', 'exclude'] as const)
            : undefined
  if (problem === undefined) return ok(undefined)
  const [message, field] = problem
  const hint =
    field === 'schedule' ? SCHEDULE_HINT : 'Name guests, or use --all or --pool; --exclude goes with the latter two'
  return err(failure('usage', message, {hint, details: {field}}))
}

export function badSchedule(schedule: string, rest: string): Failure {
  const where = rest === schedule || rest === '' ? '' : ` from "${rest}" on`
  return failure('usage', `"${schedule}" is not a schedule${where}`, {
    hint: SCHEDULE_HINT,
    details: {field: 'schedule', value: schedule},
  })
}
