import {Args, Flags} from '@oclif/core'
import {dryRunFlag} from '../../../cli/flags.js'
import {JobChangeCommand} from '../../../cli/job-change-command.js'
import {jobFlags, jobRequest, scheduleFlag} from '../../../cli/job-flags.js'

/** As Proxmox VE's own form has it. */
const USUAL = {mode: 'snapshot', compress: 'zstd', notesTemplate: '{{guestname}}'} as const

export default class JobCreate extends JobChangeCommand {
  static override summary = 'Create a backup job: which guests, when, where to, what to keep.'
  static override description = `Guests are named by name or VMID, or chosen with --all or --pool. The schedule is read before anything is sent, by this program and by the server, and --dry-run tells when it would run. Without a word about them, backups are made in mode snapshot, compressed with zstd, and have the guest's name as notes.
Proxmox VE takes a job whose storage is missing on a node and lets it fail there every night: that is a warning here.`

  static override strict = false
  static override args = {guest: Args.string({description: 'Names or VMIDs of the guests.', required: false})}
  static override examples = [
    '<%= config.bin %> <%= command.id %> web db --id nightly --schedule "02:00" --storage nas --keep keep-daily=7,keep-weekly=4',
    '<%= config.bin %> <%= command.id %> --all --exclude scratch --schedule "sat 03:00" --storage pbs --keep-last 3',
    '<%= config.bin %> <%= command.id %> --pool lab --schedule "mon..fri 22:30" --storage nas --dry-run',
  ]

  static override flags = {
    id: Flags.string({description: 'Id of the job; without it, one is made up.', helpValue: 'ID'}),
    schedule: Flags.string({...scheduleFlag, required: true}),
    storage: Flags.string({description: 'Storage for the backups.', helpValue: 'STORAGE', required: true}),
    ...jobFlags,
    disable: Flags.boolean({description: 'Create it, but do not let it run.'}),
    ...dryRunFlag,
  }

  async run() {
    const {argv, flags} = await this.parse(JobCreate)
    const request = this.unwrap(jobRequest(flags))
    const guests = argv as string[]
    return this.carryOut(
      (jobs) =>
        jobs.planCreate(flags.id, {
          ...USUAL,
          ...request,
          ...(guests.length > 0 && {guests}),
          enabled: !flags.disable,
        }),
      {dryRun: flags['dry-run'], verb: 'created'},
    )
  }
}
