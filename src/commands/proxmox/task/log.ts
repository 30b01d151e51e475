import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {waitFlags, warningsFlag} from '../../../cli/flags.js'
import {EXIT_CODES, type FailureKind} from '../../../domain/failure.js'
import type {TaskOutcome} from '../../../domain/task.js'
import {kindOfTaskExit} from '../../../services/task-service.js'

interface TaskLogDocument {
  readonly upid: string
  readonly lines: readonly string[]
  /** How the task ended; only with `--follow`. */
  readonly outcome?: TaskOutcome
  readonly exitStatus?: string
}

export default class TaskLog extends BaseCommand<TaskLogDocument> {
  static override summary = 'Print the log of a task.'
  static override description =
    'With --follow, lines are printed as they come, and the command ends when the task does: with exit 0 when it went well, and with the exit code of its failure otherwise (7 as a rule). For the lines that matter and what they mean, see: homelab proxmox task why UPID.'

  static override args = {upid: Args.string({description: 'UPID of the task.', required: true})}
  static override examples = [
    '<%= config.bin %> <%= command.id %> UPID:pve1:…',
    '<%= config.bin %> <%= command.id %> UPID:pve1:… --follow',
  ]

  static override flags = {
    follow: Flags.boolean({char: 'f', description: 'Print lines as they come, until the task has ended.'}),
    timeout: waitFlags.timeout,
    'poll-interval': waitFlags['poll-interval'],
    ...warningsFlag,
  }

  async run(): Promise<TaskLogDocument> {
    const {args, flags} = await this.parse(TaskLog)
    const {tasks} = await this.services()
    const {upid} = args
    if (!flags.follow) {
      const lines = await this.unwrap(tasks.log(upid))
      return this.present({upid, lines}, {text: lines.join('\n')})
    }

    const lines: string[] = []
    for await (const more of tasks.follow(upid, this.patience(flags))) {
      for (const line of this.unwrap(more)) {
        lines.push(line)
        this.line(line)
      }
    }

    const {state, exitStatus = ''} = await this.unwrap(tasks.show(upid))
    const outcome = state === 'running' ? 'failed' : state
    const kind = this.kindOf(outcome, exitStatus, flags['warnings-as-errors'])
    if (kind !== undefined) {
      this.endWith(EXIT_CODES[kind])
      this.note(`the task ended with ${exitStatus}; see what that means: homelab proxmox task why ${upid}`)
    }

    return this.present({upid, lines, outcome, exitStatus}, {text: ''})
  }

  private kindOf(outcome: TaskOutcome, exitStatus: string, strict: boolean): FailureKind | undefined {
    if (outcome === 'failed') return kindOfTaskExit(exitStatus)
    return outcome === 'warnings' && strict ? 'warnings-as-errors' : undefined
  }
}
