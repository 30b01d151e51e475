import {Args} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {parallelFlags, waitFlags, warningsFlag} from '../../../cli/flags.js'
import {exitCodeOfResults, resultsOf, type Results} from '../../../cli/output/results.js'
import type {TaskReport} from '../../../domain/task.js'
import {fanOut} from '../../../services/fan-out.js'

export default class TaskWait extends BaseCommand<Results<TaskReport> | TaskReport> {
  static override summary = 'Wait until tasks have ended, and say how.'
  static override strict = false
  static override args = {upid: Args.string({description: 'UPIDs of the tasks.', required: true})}
  static override examples = [
    '<%= config.bin %> <%= command.id %> UPID:pve1:…',
    '<%= config.bin %> <%= command.id %> UPID:pve1:… --timeout 10m',
  ]
  static override flags = {
    timeout: waitFlags.timeout,
    'poll-interval': waitFlags['poll-interval'],
    ...warningsFlag,
    'fail-fast': parallelFlags['fail-fast'],
  }

  async run(): Promise<Results<TaskReport> | TaskReport> {
    const {argv, flags} = await this.parse(TaskWait)
    const upids = argv as string[]
    const {tasks} = await this.services()
    const [only] = upids
    if (upids.length === 1 && only !== undefined) {
      this.progress.start(`wait for ${only}`)
      const report = await this.unwrap(tasks.waitOk(only, 'the task', this.patience(flags)))
      this.checkWarnings(flags, [report], report)
      return this.present(report, {text: sentence(report)})
    }

    // Waiting costs a question now and then, so all of them at once.
    const done = await fanOut(
      upids,
      (upid) => upid,
      (upid) => tasks.waitOk(upid, 'the task', this.patience(flags)),
      {
        parallel: upids.length,
        failFast: flags['fail-fast'],
        signal: this.signal,
      },
    )
    this.endWith(exitCodeOfResults(done, upids.length))
    const text = done
      .map((result) => (result.ok ? sentence(result.value) : `${result.target}: ${result.error.message}`))
      .join('\n')
    return this.present(resultsOf(done, upids.length), {text})
  }
}

function sentence({upid, exitStatus, durationSeconds}: TaskReport): string {
  return `${upid} ended with ${exitStatus} (waited ${durationSeconds}s)`
}
