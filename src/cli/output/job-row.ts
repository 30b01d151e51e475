import {formatRetention, type Retention} from '../../domain/retention.js'
import type {ChangedJob, JobGuest, JobPlan, JobView} from '../../services/backup-job-service.js'
import type {Column} from './columns.js'
import {asTime} from './human.js'

export const jobColumns: readonly Column<JobView>[] = [
  {key: 'id', header: 'ID', whole: true},
  {key: 'enabled', format: (value) => (value === true ? 'yes' : 'no')},
  {key: 'schedule'},
  {key: 'nextRunAt', header: 'NEXT', format: asTime},
  // Always there, unlike the others that say which guests.
  {key: 'all', header: 'GUESTS', format: (_value, job) => coverageOf(job)},
  {key: 'storage'},
  {key: 'keep', format: (value) => formatRetention(value as Retention)},
  {key: 'comment'},
  {key: 'guests', header: 'NAMED', default: false, format: (value) => guestNames(value as JobGuest[])},
  {key: 'pool', default: false},
  {key: 'exclude', default: false, format: (value) => guestNames(value as JobGuest[])},
  {key: 'node', default: false},
  {key: 'mode', default: false},
  {key: 'compress', default: false},
  {key: 'notesTemplate', header: 'NOTES', default: false},
  {key: 'protected', default: false},
  {key: 'fleecing', default: false},
  {key: 'bandwidthKib', header: 'KIB/S', default: false},
  {key: 'repeatMissed', default: false},
  {key: 'mailTo', default: false},
  {key: 'mailNotification', default: false},
  {key: 'notificationMode', default: false},
]

/** `web, db`, `all but scratch`, `pool lab on pve1`. */
export function coverageOf({
  all,
  exclude,
  guests,
  node,
  pool,
}: Pick<JobView, 'all' | 'exclude' | 'guests' | 'node' | 'pool'>): string {
  const who = guests === undefined ? (all ? 'all' : pool === undefined ? 'none' : `pool ${pool}`) : guestNames(guests)
  return [
    who,
    ...(exclude.length > 0 ? [`but ${guestNames(exclude)}`] : []),
    ...(node === undefined ? [] : [`on ${node}`]),
  ].join(' ')
}

export function guestNames(guests: readonly JobGuest[]): string {
  return guests.map(({missing, name, vmid}) => `${name ?? vmid}${missing === true ? ' (gone)' : ''}`).join(', ')
}

/** What a job is now, or would be. */
export function changedJobText({id, changed, changes, nextRunAt, enabled}: ChangedJob, verb: string): string {
  if (!changed) return `job ${id} is so already`
  return [
    `job ${id} ${verb}${enabled ? '' : ' (disabled)'}`,
    ...changeLines(changes),
    ...(nextRunAt === undefined || !enabled ? [] : [`  next run: ${asTime(nextRunAt)}`]),
  ].join('\n')
}

export function jobPlanText({id, before, changes, nextRuns, warnings}: JobPlan): string {
  if (before !== undefined && changes.length === 0) return `job ${id} is so already`
  return [
    `would ${before === undefined ? 'create' : 'change'} job ${id}:`,
    ...changeLines(changes),
    ...(nextRuns.length === 0 ? [] : [`  next runs: ${nextRuns.map((at) => asTime(at)).join(', ')}`]),
    ...warnings.map((text) => `  warning: ${text}`),
  ].join('\n')
}

function changeLines(changes: ChangedJob['changes']): string[] {
  return changes.map(
    ({key, before, after}) => `  ${key}: ${before === undefined ? '' : `${before} -> `}${after ?? 'not set'}`,
  )
}
