import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {waitFlags, warningsFlag} from '../../../cli/flags.js'
import {notify, NOTIFY_HELP, notifyFlag} from '../../../cli/notify.js'
import {exitCodeOfResults, failedText, type Results, resultsOf} from '../../../cli/output/results.js'
import {EXIT_CODES} from '../../../domain/failure.js'
import type {TaskReport} from '../../../domain/task.js'
import {readUpid} from '../../../domain/upid.js'
import {fanOut, type TargetResult} from '../../../services/fan-out.js'

export default class TaskWait extends BaseCommand<Results<TaskReport> | TaskReport> {
  static override summary = 'Wait until tasks have ended, and say how.'
  static override description = `Of several tasks all are waited for; with --any, until the first of them has ended, however it did. Those that go on count as skipped.

${NOTIFY_HELP}`

  static override strict = false
  static override args = {upid: Args.string({description: 'UPIDs of the tasks.', required: true})}
  static override examples = [
    '<%= config.bin %> <%= command.id %> UPID:pve1:…',
    '<%= config.bin %> <%= command.id %> UPID:pve1:… UPID:pve2:… --any --timeout 10m',
    `<%= config.bin %> <%= command.id %> UPID:pve1:… --notify-cmd 'notify-send "homelab: $HOMELAB_TASK_MESSAGE"'`,
  ]

  static override flags = {
    any: Flags.boolean({description: 'Come back when the first of them has ended.', exclusive: ['fail-fast']}),
    ...notifyFlag,
    timeout: waitFlags.timeout,
    'poll-interval': waitFlags['poll-interval'],
    ...warningsFlag,
    'fail-fast': Flags.boolean({description: 'Come back when the first of them has failed.'}),
  }

  async run(): Promise<Results<TaskReport> | TaskReport> {
    const {argv, flags} = await this.parse(TaskWait)
    const upids = [...new Set(argv as string[])]
    for (const upid of upids) this.unwrap(readUpid(upid))
    const {tasks} = await this.services()
    this.progress.start(upids.length === 1 ? `wait for ${upids[0]}` : `wait for ${upids.length} tasks`)
    // Waiting costs a question now and then, so all of them at once. One that is enough ends the waiting for the others.
    const enough = new AbortController()
    const patience = () => ({
      ...this.patience(flags),
      signal: AbortSignal.any([this.signal, enough.signal]),
    })
    const done = await fanOut(
      upids,
      (upid) => upid,
      async (upid) => {
        const result = await tasks.waitOk(upid, 'the task', patience())
        if (flags.any || (flags['fail-fast'] && result.isErr())) enough.abort()
        return result
      },
      {parallel: upids.length, failFast: flags['fail-fast'], signal: this.signal},
    )
    const over = enough.signal.aborted && !this.signal.aborted ? done.filter((one) => !isGivenUp(one)) : done
    const command = flags['notify-cmd']
    if (command !== undefined && !this.signal.aborted) {
      const problem = await notify(this.runtime, command, over, this.signal)
      if (problem !== undefined) await this.warning(problem)
    }

    const [only] = over
    if (upids.length === 1 && only !== undefined) {
      if (!only.ok) this.fail(only.error)
      this.checkWarnings(flags, [only.value], only.value)
      return this.present(only.value, {text: sentence(only.value)})
    }

    const results = resultsOf(over, upids.length)
    const {stopped} = this.interruption
    this.endWith(
      stopped === 'interrupted' || stopped === 'terminated'
        ? EXIT_CODES[stopped]
        : exitCodeOfResults(over, over.length),
    )
    this.checkWarnings(
      flags,
      over.flatMap((one) => (one.ok ? [one.value] : [])),
      results,
    )
    const text = over.map((result) => (result.ok ? sentence(result.value) : failedText(result))).join('\n')
    return this.present(results, {text})
  }
}

/** Nobody waits for it any longer, because another one was enough. */
function isGivenUp(result: TargetResult<TaskReport>): boolean {
  return !result.ok && result.error.kind === 'interrupted'
}

function sentence({upid, exitStatus, durationSeconds}: TaskReport): string {
  return `${upid} ended with ${exitStatus} (waited ${durationSeconds}s)`
}
