import {err, okAsync, ResultAsync, type Result} from 'neverthrow'
import type {Backup} from '../domain/backup.js'
import {coverageOf, excludedDisks, isUsable, type Coverage, type ExcludedDisk} from '../domain/backup-coverage.js'
import {guestsOfJob, type BackupJob} from '../domain/backup-job.js'
import type {Failure} from '../domain/failure.js'
import type {Guest, GuestType} from '../domain/guest.js'
import type {BackupJobRepository} from '../repositories/backup-job-repository.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {BackupInventoryService, UnseenStorage} from './backup-inventory.js'
import type {GuestService} from './guest-service.js'
import type {NodeLimit} from './node-limit.js'
import type {Clock} from '../domain/clock.js'
import {following} from './relocation.js'

/** How well a guest is backed up. */
export interface GuestCoverage {
  readonly vmid: number
  readonly name?: string
  readonly type: GuestType
  readonly node: string
  readonly template: boolean
  readonly coverage: Coverage
  /** Enabled jobs that save it. */
  readonly jobs: readonly string[]
  /** Jobs that would, were they enabled. */
  readonly disabledJobs?: readonly string[]
  /** Age of the newest backup that could be restored. */
  readonly ageSeconds?: number
  readonly newest?: Pick<Backup, 'storage' | 'time' | 'volume'>
  readonly excludedDisks: readonly ExcludedDisk[]
}

export interface CoverageQuery {
  readonly names: readonly string[]
  readonly selectors: readonly string[]
  /** Older ones are too old. */
  readonly maxAgeSeconds?: number
  readonly templates: boolean
}

export interface CoverageReport {
  readonly guests: readonly GuestCoverage[]
  /** Storages that could not be asked: a backup may be there. */
  readonly unseen: readonly UnseenStorage[]
  /** The jobs could not be read, for want of Sys.Audit on `/`. */
  readonly jobsUnseen: boolean
  /** Guests whose configuration could not be read: disks that are left out are not known. */
  readonly disksUnseen: readonly string[]
}

export interface CoverageParts {
  readonly jobs: Pick<BackupJobRepository, 'list' | 'notBackedUp'>
  readonly inventory: Pick<BackupInventoryService, 'list'>
  readonly finder: Pick<GuestService, 'select'>
  readonly guests: Pick<GuestRepository, 'config'>
  readonly cluster: ClusterRepository
  readonly limit: NodeLimit
  readonly clock: Clock
}

interface Jobs {
  readonly jobs: readonly BackupJob[]
  /** What the server says of it itself. */
  readonly without: ReadonlySet<number>
}

/** Which guests no job saves, and how old their newest backups are. GET requests only. */
export class BackupCoverageService {
  constructor(private readonly parts: CoverageParts) {}

  report(query: CoverageQuery, signal?: AbortSignal): ResultAsync<CoverageReport, Failure> {
    const {names, selectors} = query
    const all = names.length === 0 && selectors.length === 0
    return this.parts.finder
      .select(undefined, {names, selectors, all})
      .andThen((chosen) => this.withTemplates(chosen, query, all))
      .andThen((guests) =>
        ResultAsync.combine([
          okAsync<readonly Guest[], Failure>(guests),
          this.parts.inventory.list({}, undefined, signal),
          this.jobs(),
          ResultAsync.fromSafePromise<ReadonlyMap<number, readonly ExcludedDisk[]>, Failure>(this.disks(guests)),
        ]),
      )
      .map(([guests, {backups, unseen}, jobs, disks]) => ({
        guests: guests.map((guest) => this.ofGuest(guest, backups, unseen.length === 0, jobs, disks, query)),
        unseen,
        jobsUnseen: jobs === undefined,
        disksUnseen: guests.filter(({vmid}) => !disks.has(vmid)).map(({name, vmid}) => name ?? String(vmid)),
      }))
  }

  /** Selections leave templates out; here they are taken in on request. */
  private withTemplates(
    chosen: readonly Guest[],
    {templates}: CoverageQuery,
    all: boolean,
  ): ResultAsync<readonly Guest[], Failure> {
    if (!templates || !all) return okAsync(chosen)
    return this.parts.cluster.resources('vm').map(({guests}) => [...guests].sort((a, b) => a.vmid - b.vmid))
  }

  /** Undefined where they may not be seen: that is something else than that there are none. */
  private jobs(): ResultAsync<Jobs | undefined, Failure> {
    return ResultAsync.combine([this.parts.jobs.list(), this.parts.jobs.notBackedUp()])
      .map(([jobs, without]): Jobs | undefined => ({jobs, without: new Set(without)}))
      .orElse((failed) => (failed.kind === 'permission' ? okAsync(undefined) : err(failed)))
  }

  private async disks(guests: readonly Guest[]): Promise<Map<number, readonly ExcludedDisk[]>> {
    const read = await Promise.all(
      guests.map(async (guest): Promise<readonly [number, Result<ExcludedDisk[], Failure>]> => {
        const config = await this.parts.limit.run(guest.node, () =>
          following(this.parts.cluster, guest, (one) => this.parts.guests.config(one)),
        )
        return [guest.vmid, config.map((fields) => excludedDisks(guest.type, fields))]
      }),
    )
    return new Map(read.flatMap(([vmid, found]) => (found.isOk() ? [[vmid, found.value] as const] : [])))
  }

  private ofGuest(
    guest: Guest,
    backups: readonly Backup[],
    complete: boolean,
    jobs: Jobs | undefined,
    disks: ReadonlyMap<number, readonly ExcludedDisk[]>,
    {maxAgeSeconds}: CoverageQuery,
  ): GuestCoverage {
    const {vmid, name, type, node, template} = guest
    // The list is newest first. A backup of the other kind is one of a guest that had the VMID before.
    const newest = backups.find((backup) => backup.vmid === vmid && backup.type === type && isUsable(backup))
    const ageSeconds =
      newest === undefined
        ? undefined
        : Math.max(0, Math.round((this.parts.clock.now() - Date.parse(newest.time)) / 1000))
    const own =
      jobs?.without.has(vmid) === true ? [] : (jobs?.jobs ?? []).filter((job) => guestsOfJob(job, [guest]).length > 0)
    const disabled = own.filter(({enabled}) => !enabled).map(({id}) => id)
    return {
      vmid,
      ...(name !== undefined && {name}),
      type,
      node,
      template,
      coverage: coverageOf(ageSeconds, maxAgeSeconds, complete),
      jobs: own.filter(({enabled}) => enabled).map(({id}) => id),
      ...(disabled.length > 0 && {disabledJobs: disabled}),
      ...(ageSeconds !== undefined && {ageSeconds}),
      ...(newest !== undefined && {newest: {storage: newest.storage, time: newest.time, volume: newest.volume}}),
      excludedDisks: disks.get(vmid) ?? [],
    }
  }
}
