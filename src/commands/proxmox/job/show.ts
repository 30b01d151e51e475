import {Args} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {guestNames, jobColumns} from '../../../cli/output/job-row.js'
import {backupJobService} from '../../../cli/wiring/jobs.js'
import type {JobDetails} from '../../../services/backup-job-service.js'

export default class JobShow extends BaseCommand<JobDetails> {
  static override summary = 'Show a backup job: its settings, its guests, and the disks it leaves out.'
  static override args = {job: Args.string({description: 'Id of the job.', required: true})}
  static override examples = ['<%= config.bin %> <%= command.id %> nightly']

  async run(): Promise<JobDetails> {
    const {args} = await this.parse(JobShow)
    const jobs = await this.use(backupJobService)
    const job = await this.unwrap(jobs.show(args.job))
    return this.present<JobDetails, JobDetails>(job, {
      columns: [
        ...jobColumns.map((column) => ({...column, default: true})),
        {key: 'saves', format: () => guestNames(job.saves)},
        {
          key: 'excludedDisks',
          header: 'WITHOUT DISKS',
          format: () =>
            job.saves
              .flatMap(({excludedDisks, name, vmid}) => excludedDisks.map(({key}) => `${key} of ${name ?? vmid}`))
              .join(', '),
        },
      ],
    })
  }
}
