import {Args} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {dryRunFlag, waitFlags} from '../../../cli/flags.js'
import {exitCodeOfResults, failedText, type Results, resultsOf} from '../../../cli/output/results.js'
import {readUpid} from '../../../domain/upid.js'
import {fanOut} from '../../../services/fan-out.js'
import type {StoppedTask} from '../../../services/task-service.js'

export default class TaskStop extends BaseCommand<Results<StoppedTask> | StoppedTask> {
  static override summary = 'Stop tasks. What they have done so far stays, or is cleaned up by the tasks themselves.'
  static override description =
    'A task that has ended already is left as it is, with success. With --no-wait the server is only asked: it gives the task five seconds to end by itself.'

  static override strict = false
  static override args = {upid: Args.string({description: 'UPIDs of the tasks.', required: true})}
  static override examples = [
    '<%= config.bin %> <%= command.id %> UPID:pve1:…',
    '<%= config.bin %> <%= command.id %> UPID:pve1:… UPID:pve2:… --json',
  ]

  static override flags = {...waitFlags, ...dryRunFlag}

  async run(): Promise<Results<StoppedTask> | StoppedTask> {
    const {argv, flags} = await this.parse(TaskStop)
    const upids = [...new Set(argv as string[])]
    for (const upid of upids) this.unwrap(readUpid(upid))
    const {tasks} = await this.services()
    const mode = flags['dry-run'] ? 'plan' : flags.wait ? 'wait' : 'ask'
    const [only = ''] = upids
    if (upids.length === 1) {
      const stopped = await this.unwrap(tasks.end(only, mode, this.patience(flags)))
      return this.present(stopped, {text: sentence(stopped)})
    }

    const done = await fanOut(
      upids,
      (upid) => upid,
      (upid) => tasks.end(upid, mode, this.patience(flags)),
      {parallel: upids.length, failFast: false, signal: this.signal},
    )
    this.endWith(exitCodeOfResults(done, upids.length))
    const text = done.map((result) => (result.ok ? sentence(result.value) : failedText(result))).join('\n')
    return this.present(resultsOf(done, upids.length), {text})
  }
}

function sentence({upid, changed, dryRun, exitStatus}: StoppedTask): string {
  if (dryRun === true) return changed ? `would stop ${upid}` : `${upid} has ended already with ${exitStatus}`
  if (!changed) return `${upid} had ended already with ${exitStatus}`
  return exitStatus === undefined ? `${upid} was told to stop` : `${upid} ended with ${exitStatus}`
}
