import {Args} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {waitFlags} from '../../../cli/flags.js'
import type {TaskReport, TaskSummary} from '../../../domain/task.js'

export default class TaskStop extends BaseCommand<TaskReport | TaskSummary> {
  static override summary = 'Stop a task. What it has done so far stays, or is cleaned up by the task itself.'
  static override args = {upid: Args.string({description: 'UPID of the task.', required: true})}
  static override examples = ['<%= config.bin %> <%= command.id %> UPID:pve1:…']
  static override flags = waitFlags

  async run(): Promise<TaskReport | TaskSummary> {
    const {args, flags} = await this.parse(TaskStop)
    const {tasks} = await this.services()
    await this.unwrap(tasks.stop(args.upid))
    if (!flags.wait) {
      const task = await this.unwrap(tasks.show(args.upid))
      return this.present(task, {text: task.state})
    }

    const report = await this.unwrap(tasks.wait(args.upid, 'the task', this.patience(flags)))
    return this.present(report, {text: `${report.upid} ended with ${report.exitStatus}`})
  }
}
