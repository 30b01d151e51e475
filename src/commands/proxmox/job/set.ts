import {Args, Flags} from '@oclif/core'
import {dryRunFlag} from '../../../cli/flags.js'
import {JobChangeCommand} from '../../../cli/job-change-command.js'
import {jobFlags, jobGuestFlags, jobRequest, scheduleFlag, unsetFlag} from '../../../cli/job-flags.js'
import {failure} from '../../../domain/failure.js'

export default class JobSet extends JobChangeCommand {
  static override summary = 'Change a backup job; what is not named stays as it is.'
  static override description = `Guests after the id replace those that it names; --add and --remove change some of them. Named guests, --all and --pool replace each other.
Backup jobs have no digest, so two who change one at the same time cannot be kept apart: the job is read before and after, and a difference is a conflict (exit 6).`

  static override strict = false
  static override args = {
    job: Args.string({description: 'Id of the job, and perhaps the guests it shall save.', required: true}),
  }

  static override examples = [
    '<%= config.bin %> <%= command.id %> nightly --schedule "03:30" --keep-daily 14',
    '<%= config.bin %> <%= command.id %> nightly --add wiki --remove scratch',
    '<%= config.bin %> <%= command.id %> nightly --all --exclude scratch --dry-run',
    '<%= config.bin %> <%= command.id %> nightly --disable --unset comment,mailto',
  ]

  static override flags = {
    schedule: Flags.string(scheduleFlag),
    storage: Flags.string({description: 'Storage for the backups.', helpValue: 'STORAGE'}),
    ...jobGuestFlags,
    ...jobFlags,
    enable: Flags.boolean({description: 'Let it run.', exclusive: ['disable']}),
    disable: Flags.boolean({description: 'Do not let it run.'}),
    unset: unsetFlag,
    ...dryRunFlag,
  }

  async run() {
    const {argv, flags} = await this.parse(JobSet)
    const request = this.unwrap(jobRequest(flags))
    const [id = '', ...guests] = argv as string[]
    const {add, remove} = flags
    if (guests.length > 0 && (add ?? remove) !== undefined) {
      this.fail(
        failure('usage', 'guests are replaced and changed at once', {
          hint: 'Name them after the id, or use --add and --remove',
        }),
      )
    }

    return this.carryOut(
      (jobs) =>
        jobs.planSet(id, {
          ...request,
          ...(guests.length > 0 && {guests}),
          ...(add !== undefined && {add}),
          ...(remove !== undefined && {remove}),
          ...(flags.unset !== undefined && {unset: flags.unset}),
          ...(flags.enable && {enabled: true}),
          ...(flags.disable && {enabled: false}),
        }),
      {dryRun: flags['dry-run'], verb: 'changed'},
    )
  }
}
