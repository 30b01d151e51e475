import {Args} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {confirmFlags, dryRunFlag} from '../../../cli/flags.js'
import {coverageOf} from '../../../cli/output/job-row.js'
import {exitCodeOfResults, failedText, type Results, resultsOf} from '../../../cli/output/results.js'
import {backupJobService} from '../../../cli/wiring/jobs.js'
import {failure} from '../../../domain/failure.js'
import {fanOut} from '../../../services/fan-out.js'

interface DeletedJob {
  readonly id: string
  readonly changed?: true
  readonly dryRun?: true
}

export default class JobDelete extends BaseCommand<DeletedJob | Results<DeletedJob>> {
  static override summary = 'Delete backup jobs; the backups they have made stay.'
  static override strict = false
  static override args = {job: Args.string({description: 'Ids of the jobs.', required: true})}
  static override hiddenAliases = ['proxmox:job:rm']
  static override examples = [
    '<%= config.bin %> <%= command.id %> nightly',
    '<%= config.bin %> <%= command.id %> nightly weekly --yes',
  ]

  static override flags = {...confirmFlags, ...dryRunFlag}

  async run(): Promise<DeletedJob | Results<DeletedJob>> {
    const {argv, flags} = await this.parse(JobDelete)
    const ids = [...new Set(argv as string[])]
    const jobs = await this.use(backupJobService)
    const known = await this.unwrap(jobs.list())
    for (const id of ids) if (!known.some((job) => job.id === id)) await this.unwrap(jobs.find(id))
    const lines = known.filter(({id}) => ids.includes(id)).map((job) => `  ${job.id}: ${coverageOf(job)}`)
    if (flags['dry-run']) {
      const planned = ids.map((id) => ({target: id, ok: true as const, value: {id, dryRun: true as const}}))
      const text = [`would delete:`, ...lines].join('\n')
      const [only] = planned
      return ids.length === 1 && only !== undefined
        ? this.present(only.value, {text})
        : this.present(resultsOf(planned, ids.length), {text})
    }

    if (!flags.yes) {
      for (const line of lines) this.note(line)
      const what = ids.length === 1 ? `backup job ${ids[0]}` : `${ids.length} backup jobs`
      if (!(await this.unwrap(this.prompt.confirm(`Delete ${what}?`, '--yes'))))
        this.fail(failure('refused', 'nothing was deleted: the question was answered with no'))
    }

    // One after the other: the server locks the list of jobs for each.
    const done = await fanOut(
      ids,
      (id) => id,
      (id) => jobs.delete(id),
      {parallel: 1, failFast: false, signal: this.signal},
    )
    const [only] = done
    if (ids.length === 1 && only !== undefined) {
      if (!only.ok) this.fail(only.error)
      return this.present(only.value, {text: `job ${only.target} deleted`})
    }

    this.endWith(exitCodeOfResults(done, ids.length))
    const text = done.map((one) => (one.ok ? `job ${one.target} deleted` : failedText(one)))
    return this.present(resultsOf(done, ids.length), {text: text.join('\n')})
  }
}
