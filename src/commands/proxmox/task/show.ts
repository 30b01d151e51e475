import {Args} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {taskColumns} from '../../../cli/task-columns.js'
import type {TaskSummary} from '../../../domain/task.js'

export default class TaskShow extends BaseCommand<TaskSummary> {
  static override summary = 'Show a task: whether it runs, or how it ended.'
  static override args = {upid: Args.string({description: 'UPID of the task.', required: true})}
  static override examples = ['<%= config.bin %> <%= command.id %> UPID:pve1:…']

  async run(): Promise<TaskSummary> {
    const {args} = await this.parse(TaskShow)
    const {tasks} = await this.services()
    return this.present(await this.unwrap(tasks.show(args.upid)), {
      columns: taskColumns.map((column) => ({...column, default: true})),
    })
  }
}
