import {Args, Flags} from '@oclif/core'
import {countFlag} from '../../../cli/flags.js'
import {scheduleFlag} from '../../../cli/job-flags.js'
import {ListCommand} from '../../../cli/list-command.js'
import {asTime} from '../../../cli/output/human.js'
import {coverageOf} from '../../../cli/output/job-row.js'
import type {Column} from '../../../cli/output/columns.js'
import {jobNextService} from '../../../cli/wiring/jobs.js'
import {failure} from '../../../domain/failure.js'
import type {PlannedRun} from '../../../services/job-next-service.js'

interface NextFlags {
  readonly count: number
  readonly schedule?: string
}

export default class JobNext extends ListCommand<PlannedRun, NextFlags> {
  static override summary = 'List when backup jobs run next, in the order of time.'
  static override description = `A job runs by the clock of each node that has guests of it, summer time included; where nodes are in several time zones, each of them is listed for itself. Without ids, all jobs that are enabled; a disabled one that is named is shown as if it were not.
With --schedule, what a schedule means that no job has yet.`

  static override strict = false
  static override args = {job: Args.string({description: 'Ids of the jobs.', required: false})}
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> nightly --count 3',
    '<%= config.bin %> <%= command.id %> --schedule "sun *-1..7 04:00"',
  ]

  static override flags = {
    count: countFlag({description: 'So many in all.', default: 10, max: 1000}),
    schedule: Flags.string(scheduleFlag),
  }

  protected readonly noun = 'runs'
  protected readonly columns: readonly Column<PlannedRun>[] = [
    {key: 'at', header: 'AT', format: (value, run) => run.localTime?.replace('T', ' ') ?? asTime(value)},
    {key: 'job'},
    {key: 'schedule'},
    {
      key: 'saves',
      format: (_value, run) => (run.saves === undefined ? '' : coverageOf(run.saves)),
    },
    {key: 'storage'},
    {key: 'nodes', format: (value) => (value as string[]).join(', ')},
    {key: 'timeZone', default: false},
  ]

  protected async fetch({count, schedule}: NextFlags) {
    const parsed = await this.parse(JobNext)
    const ids = parsed.argv as string[]
    if (schedule !== undefined && ids.length > 0)
      this.fail(failure('usage', '--schedule goes without jobs', {hint: 'Leave one of them out'}))
    const service = await this.use(jobNextService)
    return service.next({ids, count, ...(schedule !== undefined && {schedule})})
  }
}
