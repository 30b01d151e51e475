import {err, errAsync, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import {
  impliedUnset,
  isJobId,
  jobDifferences,
  jobParameters,
  newJobId,
  UNSETTABLE,
  type BackupJob,
  type JobDifference,
  type JobParameters,
} from '../domain/backup-job.js'
import {parseCalendarEvent} from '../domain/calendar-event.js'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestsCalled, type Guest, type GuestType} from '../domain/guest.js'
import {closest} from '../domain/suggest.js'
import type {BackupJobRepository, IncludedGuest} from '../repositories/backup-job-repository.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {jobWarnings} from './backup-job-warnings.js'
import {afterwards, badSchedule, checkComplete, SCHEDULE_HINT, wishOf, type JobRequest} from './backup-job-wish.js'
import {jobRunPlan, type JobRunPlan} from './job-run-plan.js'
import type {Timing} from './patience.js'
import type {ReleaseGate} from './release-gate.js'

/** How many of the next runs are told. */
const RUNS_TOLD = 3

/** A guest as a job names it. */
export interface JobGuest {
  readonly vmid: number
  readonly name?: string
  readonly type?: GuestType
  readonly node?: string
  /** There is no such guest, or this login may not see it. */
  readonly missing?: true
}

/** A job with its guests' names. */
export interface JobView extends Omit<BackupJob, 'exclude' | 'options' | 'vmids'> {
  /** Those it names; absent for jobs of all guests or of a pool. */
  readonly guests?: readonly JobGuest[]
  readonly exclude: readonly JobGuest[]
}

/** A job, and what it comes to now. */
export interface JobDetails extends JobView {
  readonly saves: readonly (JobGuest & {
    /** Disks that its backups do not hold. */
    readonly excludedDisks: readonly {readonly key: string; readonly volume: string; readonly reason?: string}[]
  })[]
}

/** What would be sent, and what is known beforehand; made by GET requests alone. */
export interface JobPlan {
  readonly id: string
  readonly before?: BackupJob
  readonly parameters: JobParameters
  readonly unset: readonly string[]
  readonly changes: readonly JobDifference[]
  /** ISO 8601 UTC; by the clock of the node that was asked. */
  readonly nextRuns: readonly string[]
  readonly warnings: readonly string[]
}

export interface ChangedJob extends JobView {
  readonly changed: boolean
  readonly changes: readonly JobDifference[]
  readonly warnings: readonly string[]
}

/** Backup jobs of the cluster, with guests by name. */
export class BackupJobService {
  constructor(
    private readonly jobs: BackupJobRepository,
    private readonly cluster: ClusterRepository,
    private readonly releases: ReleaseGate,
    private readonly timing: Timing,
  ) {}

  list(): ResultAsync<JobView[], Failure> {
    return ResultAsync.combine([this.jobs.list(), this.cluster.resources('vm')]).map(([jobs, {guests}]) =>
      jobs.map((job) => viewOf(job, guests)).sort((a, b) => (a.id < b.id ? -1 : 1)),
    )
  }

  /** The job as Proxmox VE has it; `not-found` names one that is meant, perhaps. */
  find(id: string): ResultAsync<BackupJob, Failure> {
    return this.jobs.list().andThen((jobs) => findJob(jobs, id))
  }

  show(id: string): ResultAsync<JobDetails, Failure> {
    return ResultAsync.combine([this.find(id), this.cluster.resources('vm'), this.jobs.included(id)]).map(
      ([job, {guests}, included]) => ({...viewOf(job, guests), saves: included.map((one) => savesOf(one, guests))}),
    )
  }

  /** The backups that a job comes to now. */
  planRun(id: string): ResultAsync<JobRunPlan, Failure> {
    return ResultAsync.combine([this.find(id), this.cluster.resources('vm')]).andThen(([job, {guests}]) =>
      jobRunPlan(job, guests),
    )
  }

  planCreate(id: string | undefined, request: JobRequest): ResultAsync<JobPlan, Failure> {
    const named = id ?? newJobId(() => this.timing.random())
    if (!isJobId(named)) return errAsync(badId(named))
    return ResultAsync.combine([this.jobs.list(), this.cluster.resources()]).andThen(([jobs, resources]) => {
      if (jobs.some((job) => job.id === named)) return errAsync(exists(named))
      return this.plan(named, undefined, request, resources)
    })
  }

  planSet(id: string, request: JobRequest): ResultAsync<JobPlan, Failure> {
    return ResultAsync.combine([this.find(id), this.cluster.resources()]).andThen(([job, resources]) =>
      this.plan(id, job, request, resources),
    )
  }

  /** Sends a plan, and reads back what became of it: there is no digest that would keep two changes apart. */
  apply({before, id, parameters, unset, changes, warnings}: JobPlan): ResultAsync<ChangedJob, Failure> {
    const send =
      before === undefined
        ? this.jobs.create(id, parameters)
        : changes.length === 0
          ? okAsync<void, Failure>(undefined)
          : this.jobs.update(id, parameters, unset)
    return send
      .orElse((failed) => (failed.kind === 'outcome-unknown' ? okAsync(undefined) : errAsync(failed)))
      .andThen(() => ResultAsync.combine([this.jobs.list(), this.cluster.resources('vm')]))
      .andThen(([jobs, {guests}]) => {
        const job = jobs.find((one) => one.id === id)
        if (job === undefined) return err(notThere(id, before === undefined))
        const left = jobDifferences(job.options, parameters, unset)
        if (left.length > 0) return err(otherwise(id, left))
        return ok({...viewOf(job, guests), changed: before === undefined || changes.length > 0, changes, warnings})
      })
  }

  /** Gone when it is gone: an answer that was lost is looked after. */
  delete(id: string): ResultAsync<{readonly id: string; readonly changed: true}, Failure> {
    return this.find(id)
      .andThen(() => this.jobs.delete(id))
      .orElse((failed) => (failed.kind === 'outcome-unknown' ? okAsync(undefined) : errAsync(failed)))
      .andThen(() => this.jobs.list())
      .andThen((jobs) =>
        jobs.some((job) => job.id === id)
          ? err(failure('outcome-unknown', `backup job ${id} is still there`, {hint: `homelab proxmox job show ${id}`}))
          : ok({id, changed: true as const}),
      )
  }

  private plan(
    id: string,
    before: BackupJob | undefined,
    request: JobRequest,
    resources: ClusterResources,
  ): ResultAsync<JobPlan, Failure> {
    return this.gate(request)
      .andThen(() => wishOf(request, before, resources))
      .andThen((wish) => this.runsOf(wish.schedule).map((nextRuns) => ({wish, nextRuns})))
      .andThen(({wish, nextRuns}): Result<JobPlan, Failure> => {
        const parameters = jobParameters(wish)
        const options = before?.options ?? {}
        const implied = before === undefined ? [] : impliedUnset(parameters).filter((key) => options[key] !== undefined)
        const unset = [...new Set([...(request.unset ?? []).map((name) => UNSETTABLE[name]), ...implied])]
        const both = unset.find((key) => parameters[key] !== undefined)
        if (both !== undefined)
          return err(failure('usage', `${both} is set and taken away at once`, {hint: 'Leave one of them out'}))
        const changes = jobDifferences(options, parameters, unset)
        const job = afterwards(before, wish, unset)
        const incomplete = checkComplete(job)
        if (incomplete.isErr()) return err(incomplete.error)
        const warnings = jobWarnings(job, resources)
        return warnings.map((texts) => ({
          id,
          ...(before !== undefined && {before}),
          parameters,
          unset,
          changes,
          nextRuns,
          warnings: texts,
        }))
      })
  }

  private gate({fleecing, notificationMode}: JobRequest): ResultAsync<void, Failure> {
    const gates: ResultAsync<void, Failure>[] = []
    if (fleecing !== undefined) gates.push(this.releases.require('fleecing', '8.2', 'Leave --fleecing out'))
    if (notificationMode !== undefined)
      gates.push(this.releases.require('--notification-mode', '8.2', 'Use --mailto and --mail-notification there'))
    return ResultAsync.combine(gates).map(() => undefined)
  }

  /** Checked here, for an error that says what is wrong, and by the server, who also knows its clock. */
  private runsOf(schedule: string | undefined): ResultAsync<string[], Failure> {
    if (schedule === undefined) return okAsync([])
    const event = parseCalendarEvent(schedule)
    if (event.isErr()) return errAsync(badSchedule(schedule, event.error))
    return this.jobs.analyze(schedule, this.timing.now() / 1000, RUNS_TOLD).andThen((runs) =>
      runs.length === 0
        ? err(
            failure('usage', `the schedule "${schedule}" never comes`, {
              hint: SCHEDULE_HINT,
              details: {field: 'schedule', value: schedule},
            }),
          )
        : ok(runs.map((seconds) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z'))),
    )
  }
}

export function viewOf({options: _options, vmids, exclude, ...job}: BackupJob, guests: readonly Guest[]): JobView {
  return {
    ...job,
    ...(vmids !== undefined && {guests: vmids.map((vmid) => named(vmid, guests))}),
    exclude: exclude.map((vmid) => named(vmid, guests)),
  }
}

function named(vmid: number, guests: readonly Guest[]): JobGuest {
  const [guest] = guestsCalled(guests, String(vmid))
  if (guest === undefined || guest.vmid !== vmid) return {vmid, missing: true}
  const {name, type, node} = guest
  return {vmid, ...(name !== undefined && {name}), type, node}
}

function savesOf({vmid, volumes}: IncludedGuest, guests: readonly Guest[]): JobDetails['saves'][number] {
  return {
    ...named(vmid, guests),
    excludedDisks: volumes
      .filter(({included}) => !included)
      .map(({key, volume, reason}) => ({key, volume, ...(reason !== undefined && {reason})})),
  }
}

export function findJob(jobs: readonly BackupJob[], id: string): Result<BackupJob, Failure> {
  const job = jobs.find((one) => one.id === id)
  if (job !== undefined) return ok(job)
  const ids = jobs.map((one) => one.id)
  const near = closest(id, ids)
  return err(
    failure('not-found', `there is no backup job "${id}"`, {
      hint: `${near === undefined ? '' : `Did you mean "${near}"? `}See: homelab proxmox job list`,
      details: {id},
    }),
  )
}

function badId(id: string): Failure {
  return failure('usage', `"${id}" cannot be the id of a job`, {
    hint: 'Use 2 to 50 letters, digits, - and _, a letter first',
    details: {field: 'id', value: id},
  })
}

function exists(id: string): Failure {
  return failure('already-exists', `there is a backup job "${id}" already`, {
    hint: `Change it: homelab proxmox job set ${id}`,
    details: {id},
  })
}

function notThere(id: string, created: boolean): Failure {
  return created
    ? failure('outcome-unknown', `backup job ${id} was sent, and is not there`, {
        hint: 'See: homelab proxmox job list',
        details: {id},
      })
    : failure('conflict', `backup job ${id} was deleted meanwhile`, {details: {id}})
}

function otherwise(id: string, left: readonly JobDifference[]): Failure {
  return failure(
    'conflict',
    `backup job ${id} is not as it was asked to be: ${left.map(({key, before}) => `${key} is ${before ?? 'not set'}`).join(', ')}. Somebody else changed it at the same time`,
    {
      hint: `Look at it, and repeat the change if it is still wanted: homelab proxmox job show ${id}`,
      details: {id, left},
    },
  )
}
