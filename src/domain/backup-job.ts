import type {Guest} from './guest.js'
import {formatRetention, type Retention} from './retention.js'

export const BACKUP_MODES = ['snapshot', 'suspend', 'stop'] as const
export type BackupMode = (typeof BACKUP_MODES)[number]
/** As Proxmox VE names them; `0` is none. */
export const COMPRESSIONS = ['0', 'gzip', 'lzo', 'zstd'] as const
export const MAIL_OCCASIONS = ['always', 'failure'] as const
export const NOTIFICATION_MODES = ['auto', 'legacy-sendmail', 'notification-system'] as const

/** Which guests a job saves: those it names, all, or those of a pool. */
export interface JobSelection {
  readonly vmids?: readonly number[]
  readonly all: boolean
  readonly pool?: string
  /** Left out of all, or of the pool. */
  readonly exclude: readonly number[]
}

/** A backup job as Proxmox VE keeps it. */
export interface BackupJob extends JobSelection {
  readonly id: string
  readonly enabled: boolean
  readonly schedule?: string
  readonly comment?: string
  /** The only node on which it runs. */
  readonly node?: string
  readonly storage?: string
  readonly mode: BackupMode
  readonly compress?: string
  readonly keep?: Retention
  readonly notesTemplate?: string
  readonly protected?: boolean
  readonly fleecing?: string
  readonly mailTo?: readonly string[]
  readonly mailNotification?: string
  readonly notificationMode?: string
  readonly repeatMissed?: boolean
  readonly bandwidthKib?: number
  /** When the asked node means to run it next; ISO 8601 UTC. */
  readonly nextRunAt?: string
  /** Everything it was told, in Proxmox VE's own words. */
  readonly options: Readonly<Record<string, unknown>>
}

/** What a job is to be told; what is left out stays as it is, or as Proxmox VE has it. */
export interface JobWish {
  readonly schedule?: string
  readonly vmids?: readonly number[]
  readonly all?: boolean
  readonly pool?: string
  readonly exclude?: readonly number[]
  readonly node?: string
  readonly storage?: string
  readonly mode?: string
  readonly compress?: string
  readonly keep?: Retention
  readonly notesTemplate?: string
  readonly protected?: boolean
  readonly fleecing?: string
  readonly comment?: string
  readonly enabled?: boolean
  readonly mailTo?: readonly string[]
  readonly mailNotification?: string
  readonly notificationMode?: string
  readonly repeatMissed?: boolean
  readonly bandwidthKib?: number
}

/** Settings that can be taken away, by their names on the command line. */
export const UNSETTABLE = {
  bwlimit: 'bwlimit',
  comment: 'comment',
  compress: 'compress',
  exclude: 'exclude',
  fleecing: 'fleecing',
  keep: 'prune-backups',
  mailto: 'mailto',
  'mail-notification': 'mailnotification',
  mode: 'mode',
  node: 'node',
  notes: 'notes-template',
  'notification-mode': 'notification-mode',
  protected: 'protected',
  'repeat-missed': 'repeat-missed',
} as const
export type Unsettable = keyof typeof UNSETTABLE

export type JobParameters = Readonly<Record<string, boolean | number | string>>

/** A wish in Proxmox VE's own words (`POST /cluster/backup`). Lists go as text with commas: that is understood by every release (reference 2.1). */
export function jobParameters(wish: JobWish): JobParameters {
  const {vmids, exclude, keep, mailTo} = wish
  const fields: Record<string, boolean | number | string | undefined> = {
    schedule: wish.schedule,
    vmid: vmids?.join(','),
    all: wish.all === true ? true : undefined,
    pool: wish.pool,
    exclude: exclude?.join(','),
    node: wish.node,
    storage: wish.storage,
    mode: wish.mode,
    compress: wish.compress,
    'prune-backups': keep === undefined ? undefined : formatRetention(keep),
    'notes-template': wish.notesTemplate,
    protected: wish.protected,
    fleecing: wish.fleecing,
    comment: wish.comment,
    enabled: wish.enabled,
    mailto: mailTo?.join(','),
    mailnotification: wish.mailNotification,
    'notification-mode': wish.notificationMode,
    'repeat-missed': wish.repeatMissed,
    bwlimit: wish.bandwidthKib,
  }
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, boolean | number | string] => entry[1] !== undefined),
  )
}

/** One setting of a job before and after; absent where it is not set. */
export interface JobDifference {
  readonly key: string
  readonly before?: string
  readonly after?: string
}

/** What these parameters would change in a job, or have changed: by Proxmox VE's own names, values as text. */
export function jobDifferences(
  options: Readonly<Record<string, unknown>>,
  wanted: JobParameters,
  unset: readonly string[],
): JobDifference[] {
  const dropped = new Set([...unset, ...impliedUnset(wanted)])
  return [...new Set([...Object.keys(wanted), ...dropped])].flatMap((key) => {
    const before = optionText(key, options[key])
    const after = wanted[key] === undefined ? undefined : optionText(key, wanted[key])
    return before === after ? [] : [{key, ...(before !== undefined && {before}), ...(after !== undefined && {after})}]
  })
}

/** Choosing guests in another way ends the old way; what is left out of a selection makes no sense with named guests (reference 2.14). */
export function impliedUnset(wanted: JobParameters): string[] {
  if (wanted.vmid !== undefined) return ['all', 'pool', 'exclude']
  if (wanted.all !== undefined) return ['vmid', 'pool']
  return wanted.pool === undefined ? [] : ['all', 'vmid']
}

const LISTS: ReadonlySet<string> = new Set(['exclude', 'mailto', 'vmid'])
const FLAGS: ReadonlySet<string> = new Set(['all', 'enabled', 'protected', 'repeat-missed'])
/** What Proxmox VE does where a job says nothing: setting it to that changes nothing. */
const DEFAULTS: Readonly<Record<string, string>> = {enabled: '1'}

/** An option as one text, however the server spells it: taken apart, as number or as text. */
function optionText(key: string, value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return DEFAULTS[key]
  if (FLAGS.has(key))
    return value === true || value === 1 || value === '1' ? '1' : DEFAULTS[key] === undefined ? undefined : '0'
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([name, part]) => `${name}=${String(part)}`)
      .sort()
      .join(',')
  const text = String(value)
  if (key === 'prune-backups' || key === 'fleecing') return text.split(',').sort().join(',')
  if (!LISTS.has(key)) return text
  return text
    .split(/[\s,;]+/)
    .filter((item) => item !== '')
    .join(',')
}

/** The guests that a job saves, of those there are. A pool holds those of the pools within it (`lab` those of `lab/inner`). */
export function guestsOfJob<G extends Pick<Guest, 'node' | 'pool' | 'vmid'>>(
  job: JobSelection & {readonly node?: string},
  guests: readonly G[],
): G[] {
  const excluded = new Set(job.exclude)
  const named = job.vmids === undefined ? undefined : new Set(job.vmids)
  return guests.filter(
    ({node, pool, vmid}) =>
      (job.node === undefined || job.node === node) &&
      (named === undefined ? !excluded.has(vmid) : named.has(vmid)) &&
      (named !== undefined || job.all || isIn(pool, job.pool)),
  )
}

function isIn(pool: string | undefined, wanted: string | undefined): boolean {
  return pool !== undefined && wanted !== undefined && (pool === wanted || pool.startsWith(`${wanted}/`))
}

/** An id for a new job: a word and eight digits, as far as chance goes. */
export function newJobId(random: () => number): string {
  const digits = Array.from({length: 8}, () => Math.floor(random() * 16).toString(16)).join('')
  return `backup-${digits}`
}

/** What an id must look like (reference 2.1, configid). */
export function isJobId(text: string): boolean {
  return /^[a-z][\w-]+$/i.test(text) && text.length <= 50
}
