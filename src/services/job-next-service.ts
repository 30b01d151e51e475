import {err, errAsync, ok, okAsync, type Result, ResultAsync} from 'neverthrow'
import {guestsOfJob, type BackupJob} from '../domain/backup-job.js'
import {parseCalendarEvent} from '../domain/calendar-event.js'
import type {Failure} from '../domain/failure.js'
import type {Guest} from '../domain/guest.js'
import {zonedNextRuns, zonedText} from '../domain/zoned-run.js'
import {isTimeZone} from '../domain/zoned-time.js'
import type {BackupJobRepository} from '../repositories/backup-job-repository.js'
import type {BackupRepository} from '../repositories/backup-repository.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {findJob, viewOf, type JobView} from './backup-job-service.js'
import {badSchedule} from './backup-job-wish.js'
import type {Timing} from './patience.js'

/** One time that a job runs. */
export interface PlannedRun {
  /** ISO 8601 UTC. */
  readonly at: string
  /** What the clocks of the nodes show then, with how far they are ahead of UTC; absent where their zone may not be read. */
  readonly localTime?: string
  readonly timeZone?: string
  /** Absent for a schedule that belongs to no job. */
  readonly job?: string
  readonly schedule: string
  /** The nodes that run it then; absent where all that have guests of it do. */
  readonly nodes?: readonly string[]
  readonly storage?: string
  readonly saves?: Pick<JobView, 'all' | 'exclude' | 'guests' | 'node' | 'pool'>
}

export interface NextQuery {
  /** All that are enabled where none is named. */
  readonly ids: readonly string[]
  /** A schedule of no job, to see what it means. */
  readonly schedule?: string
  readonly count: number
}

/** When jobs run next: by the clock of the nodes, because each node runs its own part of a job. */
export class JobNextService {
  constructor(
    private readonly jobs: Pick<BackupJobRepository, 'analyze' | 'list'>,
    private readonly backups: Pick<BackupRepository, 'timeZone'>,
    private readonly cluster: Pick<ClusterRepository, 'resources'>,
    private readonly timing: Timing,
  ) {}

  /** In the order of time. */
  next(query: NextQuery): ResultAsync<PlannedRun[], Failure> {
    return ResultAsync.combine([
      query.schedule === undefined ? this.jobs.list() : okAsync<BackupJob[], Failure>([]),
      this.cluster.resources(),
    ]).andThen(([jobs, {guests, nodes}]) => {
      const chosen = choose(jobs, query)
      if (chosen.isErr()) return errAsync(chosen.error)
      const online = nodes.filter(({status}) => status !== 'offline').map(({node}) => node)
      return new ResultAsync(this.plan(chosen.value, guests, online, query.count))
    })
  }

  private async plan(
    jobs: readonly Entry[],
    guests: readonly Guest[],
    nodes: readonly string[],
    count: number,
  ): Promise<Result<PlannedRun[], Failure>> {
    const zones = await this.zones(nodes)
    const names = new Set(zones.values())
    const [zone] = names
    const runs: PlannedRun[] = []
    const asked = new Map<string, Result<number[], Failure>>()
    for (const {job, schedule} of jobs) {
      if (names.size > 1) {
        const found = inEachZone(schedule, job, guests, zones, this.timing.now() / 1000, count)
        if (found.isErr()) return err(found.error)
        runs.push(...found.value.map((run) => ({...run, ...aboutJob(job, guests)})))
        continue
      }

      // All clocks are in one zone, so that the server can be asked, which knows its own rules best.
      const times = asked.get(schedule) ?? (await this.jobs.analyze(schedule, this.timing.now() / 1000, count))
      asked.set(schedule, times)
      if (times.isErr()) return err(times.error)
      runs.push(...times.value.map((at) => ({...runAt(at, schedule, zone), ...aboutJob(job, guests)})))
    }

    return ok(
      runs
        .sort((a, b) => (a.at === b.at ? ((a.job ?? '') < (b.job ?? '') ? -1 : 1) : a.at < b.at ? -1 : 1))
        .slice(0, count),
    )
  }

  /** Of the nodes that tell: that needs Sys.Audit on them. */
  private async zones(nodes: readonly string[]): Promise<Map<string, string>> {
    const told = await Promise.all(
      nodes.map(async (node) => [node, (await this.backups.timeZone(node)).unwrapOr(undefined)] as const),
    )
    return new Map(told.filter((one): one is [string, string] => one[1] !== undefined && isTimeZone(one[1])))
  }
}

interface Entry {
  readonly job?: BackupJob
  readonly schedule: string
}

function choose(jobs: readonly BackupJob[], {ids, schedule}: NextQuery): Result<Entry[], Failure> {
  if (schedule !== undefined) {
    const event = parseCalendarEvent(schedule)
    return event.isOk() ? ok([{schedule}]) : err(badSchedule(schedule, event.error))
  }

  const chosen: BackupJob[] = []
  for (const id of ids) {
    const job = findJob(jobs, id)
    if (job.isErr()) return err(job.error)
    chosen.push(job.value)
  }

  // A job that was named is told of even when it is switched off: the question may be what would be.
  const wanted = ids.length > 0 ? chosen : jobs.filter(({enabled}) => enabled)
  return ok(wanted.flatMap((job) => (job.schedule === undefined ? [] : [{job, schedule: job.schedule}])))
}

function inEachZone(
  schedule: string,
  job: BackupJob | undefined,
  guests: readonly Guest[],
  zones: ReadonlyMap<string, string>,
  now: number,
  count: number,
): Result<PlannedRun[], Failure> {
  const event = parseCalendarEvent(schedule)
  if (event.isErr()) return err(badSchedule(schedule, event.error))
  const own = new Set(job === undefined ? [] : guestsOfJob(job, guests).map(({node}) => node))
  const byZone = new Map<string, string[]>()
  for (const [node, zone] of zones) {
    if (own.size === 0 || own.has(node)) byZone.set(zone, [...(byZone.get(zone) ?? []), node])
  }

  return ok(
    [...byZone].flatMap(([zone, nodes]) =>
      zonedNextRuns(event.value, now, zone, count).map((at) => ({...runAt(at, schedule, zone), nodes})),
    ),
  )
}

function runAt(at: number, schedule: string, timeZone: string | undefined): PlannedRun {
  return {
    at: new Date(at * 1000).toISOString().replace('.000Z', 'Z'),
    ...(timeZone !== undefined && {localTime: zonedText(at, timeZone), timeZone}),
    schedule,
  }
}

function aboutJob(job: BackupJob | undefined, guests: readonly Guest[]): Partial<PlannedRun> {
  if (job === undefined) return {}
  const {all, exclude, guests: named, node, pool} = viewOf(job, guests)
  return {
    job: job.id,
    ...(job.storage !== undefined && {storage: job.storage}),
    saves: {
      all,
      exclude,
      ...(named !== undefined && {guests: named}),
      ...(node !== undefined && {node}),
      ...(pool !== undefined && {pool}),
    },
  }
}
