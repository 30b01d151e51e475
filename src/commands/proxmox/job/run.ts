import {Args} from '@oclif/core'
import {backupTimeoutFlag} from '../../../cli/backup-run-flags.js'
import {BackupRunCommand, type ChosenBackups} from '../../../cli/backup-run-command.js'
import {dryRunFlag, parallelFlags, waitFlags, warningsFlag} from '../../../cli/flags.js'
import {backupJobService} from '../../../cli/wiring/jobs.js'

export default class JobRun extends BackupRunCommand {
  static override summary = 'Run a backup job now: its guests, with its own options.'
  static override description = `Guests are saved as by "backup run": each on the node where it is, by a task of its own, and counted as saved when the new volume is seen on the storage. The job's rules of what to keep, notes, mode and notifications hold; whoever is notified hears of each guest for itself.
A disabled job runs too; the schedule of the job stays as it is.`

  static override strict = true
  static override args = {job: Args.string({description: 'Id of the job.', required: true})}
  static override examples = [
    '<%= config.bin %> <%= command.id %> nightly',
    '<%= config.bin %> <%= command.id %> nightly --dry-run',
    '<%= config.bin %> <%= command.id %> nightly --no-wait',
  ]

  static override flags = {
    ...waitFlags,
    ...backupTimeoutFlag,
    ...dryRunFlag,
    ...parallelFlags,
    ...warningsFlag,
  }

  protected override async choose([id = '']: readonly string[]): Promise<ChosenBackups> {
    const jobs = await this.use(backupJobService)
    const {guests, missing, wish} = await this.unwrap(jobs.planRun(id))
    if (missing.length > 0) await this.warning(`job ${id} names guests that are gone: ${missing.join(', ')}`)
    return {guests, wish, several: true, title: `job ${id}`}
  }
}
