import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {waitFlags} from '../../../cli/flags.js'

export default class TaskLog extends BaseCommand<{upid: string; lines: string[]}> {
  static override summary = 'Print the log of a task.'
  static override args = {upid: Args.string({description: 'UPID of the task.', required: true})}
  static override examples = [
    '<%= config.bin %> <%= command.id %> UPID:pve1:…',
    '<%= config.bin %> <%= command.id %> UPID:pve1:… --follow',
  ]
  static override flags = {
    follow: Flags.boolean({char: 'f', description: 'Print lines as they come, until the task has ended.'}),
    timeout: waitFlags.timeout,
    'poll-interval': waitFlags['poll-interval'],
  }

  async run(): Promise<{upid: string; lines: string[]}> {
    const {args, flags} = await this.parse(TaskLog)
    const {tasks} = await this.services()
    if (!flags.follow) {
      const lines = await this.unwrap(tasks.log(args.upid))
      return this.present({upid: args.upid, lines}, {text: lines.join('\n')})
    }

    const lines: string[] = []
    for await (const more of tasks.follow(args.upid, this.patience(flags))) {
      for (const line of this.unwrap(more)) {
        lines.push(line)
        this.line(line)
      }
    }

    return this.present({upid: args.upid, lines}, {text: ''})
  }
}
