import {Flags} from '@oclif/core'
import {ok, type Result} from 'neverthrow'
import {notesTemplate} from '../domain/backup.js'
import {BACKUP_MODES, MAIL_OCCASIONS, NOTIFICATION_MODES, UNSETTABLE, type Unsettable} from '../domain/backup-job.js'
import type {Failure} from '../domain/failure.js'
import type {Retention} from '../domain/retention.js'
import type {JobRequest} from '../services/backup-job-wish.js'
import {choicesFlag, sizeFlag} from './flags.js'
import {keepFlags, retentionOf, type KeepFlagValues} from './keep-flags.js'

/** `web,db` */
const nameList = Flags.custom<string[]>({
  helpValue: 'GUEST,…',
  parse: async (text) =>
    text
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
})

/** What a backup job can be told; the same words as for `backup run`. */
export const jobFlags = {
  all: Flags.boolean({description: 'Save all guests, also those that come later.', helpGroup: 'GUESTS'}),
  pool: Flags.string({description: 'Save the guests of this pool.', helpGroup: 'GUESTS', helpValue: 'POOL'}),
  exclude: nameList({description: 'Leave these out of all, or of the pool.', helpGroup: 'GUESTS'}),
  node: Flags.string({description: 'Run on this node only, for the guests that are there.', helpValue: 'NODE'}),
  mode: Flags.string({
    description: 'snapshot: while it runs; suspend: paused at the end; stop: shut down meanwhile.',
    options: [...BACKUP_MODES],
  }),
  compress: Flags.string({
    description: 'Compression; a backup server always has its own.',
    options: ['zstd', 'gzip', 'lzo', 'none'],
  }),
  ...keepFlags,
  notes: Flags.string({
    description: 'Notes; {{guestname}}, {{vmid}}, {{node}} and {{cluster}} are filled in.',
    helpValue: 'TEMPLATE',
  }),
  protected: Flags.boolean({allowNo: true, description: 'Protect its backups from being pruned and deleted.'}),
  fleecing: Flags.string({
    description: 'Storage on which a running VM keeps what it overwrites meanwhile. Proxmox VE 8.2.',
    helpValue: 'STORAGE',
  }),
  bandwidth: sizeFlag({description: 'At most so much a second, as 50MiB.'}),
  'repeat-missed': Flags.boolean({
    allowNo: true,
    description: 'Run as soon as possible what was missed because the node was off.',
  }),
  comment: Flags.string({description: 'What it is for.', helpValue: 'TEXT'}),
  mailto: nameList({
    description: 'Who gets a mail; for Proxmox VE 7.4, and later ones that send mail the old way.',
    helpGroup: 'NOTIFICATION',
    helpValue: 'ADDRESS,…',
  }),
  'mail-notification': Flags.string({
    description: 'When: always, or after a failure.',
    helpGroup: 'NOTIFICATION',
    options: [...MAIL_OCCASIONS],
  }),
  'notification-mode': Flags.string({
    description: 'How: by mail as before, or by the rules of the datacenter. Proxmox VE 8.2.',
    helpGroup: 'NOTIFICATION',
    options: [...NOTIFICATION_MODES],
  }),
}

export const scheduleFlag = {
  description: 'When, by the clock of the nodes: "02:00", "sat 03:00", "mon..fri 22:30", "*/6:00".',
  helpValue: 'SCHEDULE',
}

/** For jobs that name guests. */
export const jobGuestFlags = {
  add: nameList({description: 'Guests to save too.', helpGroup: 'GUESTS'}),
  remove: nameList({description: 'Guests to save no longer.', helpGroup: 'GUESTS'}),
}

export const unsetFlag = choicesFlag<Unsettable>({
  choices: Object.keys(UNSETTABLE) as Unsettable[],
  description: 'Settings to take away.',
})

export interface JobFlagValues extends KeepFlagValues {
  readonly all: boolean
  readonly pool?: string | undefined
  readonly exclude?: string[] | undefined
  readonly node?: string | undefined
  readonly mode?: string | undefined
  readonly compress?: string | undefined
  readonly notes?: string | undefined
  readonly protected?: boolean | undefined
  readonly fleecing?: string | undefined
  readonly bandwidth?: number | undefined
  readonly 'repeat-missed'?: boolean | undefined
  readonly comment?: string | undefined
  readonly mailto?: string[] | undefined
  readonly 'mail-notification'?: string | undefined
  readonly 'notification-mode'?: string | undefined
  readonly schedule?: string | undefined
  readonly storage?: string | undefined
}

/** @returns a `usage` failure for rules or notes that Proxmox VE would refuse */
export function jobRequest(flags: JobFlagValues): Result<JobRequest, Failure> {
  const keep: Result<Retention | undefined, Failure> = retentionOf(flags) ?? ok(undefined)
  const notes: Result<string | undefined, Failure> =
    flags.notes === undefined ? ok(undefined) : notesTemplate(flags.notes)
  return keep.andThen((rules) =>
    notes.map((template) => {
      const request: {[K in keyof JobRequest]: JobRequest[K] | undefined} = {
        schedule: flags.schedule,
        storage: flags.storage,
        all: flags.all ? true : undefined,
        pool: flags.pool,
        exclude: flags.exclude,
        node: flags.node,
        mode: flags.mode,
        compress: flags.compress === 'none' ? '0' : flags.compress,
        keep: rules,
        notesTemplate: template,
        protected: flags.protected,
        fleecing: flags.fleecing === undefined ? undefined : `enabled=1,storage=${flags.fleecing}`,
        bandwidthKib: flags.bandwidth === undefined ? undefined : Math.max(1, Math.floor(flags.bandwidth / 1024)),
        repeatMissed: flags['repeat-missed'],
        comment: flags.comment,
        mailTo: flags.mailto,
        mailNotification: flags['mail-notification'],
        notificationMode: flags['notification-mode'],
      }
      return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as JobRequest
    }),
  )
}
