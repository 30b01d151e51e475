import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import {BACKUP_MODES, type BackupJob, type BackupMode, type JobParameters} from '../domain/backup-job.js'
import type {Failure} from '../domain/failure.js'
import type {GuestType} from '../domain/guest.js'
import {parseRetention} from '../domain/retention.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asFlag, asNumber, asText, present, record, records, type Fields} from './reply.js'

/** A guest of a job, and its disks. */
export interface IncludedGuest {
  readonly vmid: number
  readonly name?: string
  /** Absent for one that does not exist. */
  readonly type?: GuestType
  readonly volumes: readonly {
    /** `scsi0` */
    readonly key: string
    readonly volume: string
    readonly included: boolean
    readonly reason?: string
  }[]
}

const nothing = z.unknown()

/** Backup jobs: `/cluster/backup`. They need Sys.Audit on `/` to be seen and Sys.Modify on `/` to be changed; they have no digest. */
export class BackupJobRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  list(): ResultAsync<BackupJob[], Failure> {
    return ask('list the backup jobs', () => this.jobs.$get(), records).map((rows) => rows.map((row) => jobFrom(row)))
  }

  /** With an id of our own: the answer is empty, and what was made could not be told otherwise. */
  create(id: string, parameters: JobParameters): ResultAsync<void, Failure> {
    return ask(`create backup job ${id}`, () => this.jobs.$post({id, ...parameters} as never), nothing).map(
      () => undefined,
    )
  }

  /** Changes what is given and leaves the rest. @param unset options to be taken away, by Proxmox VE's names */
  update(id: string, parameters: JobParameters, unset: readonly string[]): ResultAsync<void, Failure> {
    const query = {...parameters, ...(unset.length > 0 && {delete: unset.join(',')})}
    return ask(`change backup job ${id}`, () => this.jobs.$(id).$put(query as never), nothing).map(() => undefined)
  }

  delete(id: string): ResultAsync<void, Failure> {
    return ask(`delete backup job ${id}`, () => this.jobs.$(id).$delete(), nothing).map(() => undefined)
  }

  /** Its guests and which of their disks it saves; `GET …/{id}/included_volumes`. */
  included(id: string): ResultAsync<IncludedGuest[], Failure> {
    return ask(
      `ask what backup job ${id} saves`,
      () => this.jobs.$(id).included_volumes.$get(),
      z.looseObject({children: records}),
    ).map(({children}) => children.map((row) => includedFrom(row)))
  }

  /** The guests that no job saves, whether it is enabled or not; `GET /cluster/backup-info/not-backed-up`. */
  notBackedUp(): ResultAsync<number[], Failure> {
    return ask(
      'ask which guests no backup job saves',
      () => this.connection.api.cluster['backup-info']['not-backed-up'].$get(),
      records,
    ).map((rows) => rows.flatMap((row) => asNumber(row.vmid) ?? []))
  }

  /**
   * When a schedule comes next by the clock of the node that answers, in seconds since 1970; `GET /cluster/jobs/schedule-analyze`. A schedule that cannot be read is
   * `invalid-parameter`.
   * @param after seconds since 1970
   */
  analyze(schedule: string, after: number, count: number): ResultAsync<number[], Failure> {
    return ask(
      `ask when "${schedule}" comes next`,
      () =>
        this.connection.api.cluster.jobs['schedule-analyze'].$get({
          schedule,
          starttime: Math.floor(after),
          iterations: count,
        }),
      records,
    ).map((rows) => rows.flatMap((row) => asNumber(row.timestamp) ?? []))
  }

  private get jobs() {
    return this.connection.api.cluster.backup
  }
}

function jobFrom(row: Fields): BackupJob {
  const {'next-run': nextRun, type: _type, ...options} = row
  const next = asNumber(nextRun)
  const vmid = idsIn(row.vmid)
  const keep = optionsText(row['prune-backups'])
  const mailTo = asText(row.mailto)
  const mode = asText(row.mode) as BackupMode | undefined
  return present({
    id: asText(row.id) ?? '',
    enabled: row.enabled === undefined || asFlag(row.enabled),
    // Jobs of before 7.1 have a time and days instead.
    schedule: asText(row.schedule) ?? ([asText(row.dow), asText(row.starttime)].filter(Boolean).join(' ') || undefined),
    comment: asText(row.comment),
    vmids: row.vmid === undefined ? undefined : vmid,
    all: asFlag(row.all),
    pool: asText(row.pool),
    exclude: idsIn(row.exclude),
    node: asText(row.node),
    storage: asText(row.storage),
    mode: mode !== undefined && BACKUP_MODES.includes(mode) ? mode : 'snapshot',
    compress: asText(row.compress),
    keep: keep === undefined ? undefined : parseRetention(keep).unwrapOr(undefined),
    notesTemplate: asText(row['notes-template']),
    protected: row.protected === undefined ? undefined : asFlag(row.protected),
    fleecing: optionsText(row.fleecing),
    mailTo: mailTo?.split(/[\s,;]+/).filter((address) => address !== ''),
    mailNotification: asText(row.mailnotification),
    notificationMode: asText(row['notification-mode']),
    repeatMissed: row['repeat-missed'] === undefined ? undefined : asFlag(row['repeat-missed']),
    bandwidthKib: asNumber(row.bwlimit),
    nextRunAt: next === undefined || next <= 0 ? undefined : new Date(next * 1000).toISOString().replace('.000Z', 'Z'),
    options,
  }) as BackupJob
}

function includedFrom(row: Fields): IncludedGuest {
  const type = asText(row.type)
  const vmid = asNumber(row.id) ?? 0
  const children = Array.isArray(row.children) ? (row.children as unknown[]) : []
  return present({
    vmid,
    name: asText(row.name),
    type: type === 'qemu' || type === 'lxc' ? type : undefined,
    volumes: children.flatMap((child) => {
      const read = record.safeParse(child)
      if (!read.success) return []
      return [
        present({
          key: (asText(read.data.id) ?? '').replace(`${vmid}:`, ''),
          volume: asText(read.data.name) ?? '',
          included: asFlag(read.data.included),
          reason: asText(read.data.reason),
        }),
      ]
    }),
  }) as IncludedGuest
}

/** A property string, or an object that was made of one. */
function optionsText(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return asText(value)
  return Object.entries(value)
    .map(([key, part]) => `${key}=${String(part)}`)
    .join(',')
}

function idsIn(value: unknown): number[] {
  return (asText(value) ?? '').split(/[\s,;]+/).flatMap((text) => (/^\d+$/.test(text) ? [Number(text)] : []))
}
