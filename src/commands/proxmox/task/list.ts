import {Flags} from '@oclif/core'
import {countFlag, durationFlag} from '../../../cli/flags.js'
import {ListCommand} from '../../../cli/list-command.js'
import {taskColumns} from '../../../cli/task-columns.js'
import type {TaskSummary} from '../../../domain/task.js'

interface TaskListFlags {
  readonly node?: string
  readonly guest?: number
  readonly type?: string
  readonly user?: string
  readonly since?: number
  readonly running: boolean
  readonly errors: boolean
  readonly limit: number
}

export default class TaskList extends ListCommand<TaskSummary, TaskListFlags> {
  static override summary = 'List tasks: the recent ones of the cluster, or the history of a node.'
  static override hiddenAliases = ['proxmox:task:ls']
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --node pve1 --type qmclone --since 1h',
    '<%= config.bin %> <%= command.id %> --errors --columns startedAt,type,id,exitStatus',
  ]

  static override flags = {
    node: Flags.string({
      description: "Read this node's history; without it, what the cluster remembers of all nodes.",
      helpValue: 'NODE',
    }),
    guest: countFlag({description: 'Only tasks of the guest with this VMID.', min: 100}),
    type: Flags.string({description: 'Only tasks of this type, as qmclone.', helpValue: 'TYPE'}),
    user: Flags.string({description: 'Only tasks of users whose name has this in it.', helpValue: 'TEXT'}),
    since: durationFlag({description: 'Only tasks started within this time.'}),
    running: Flags.boolean({description: 'Only tasks that still run.'}),
    errors: Flags.boolean({description: 'Only tasks that failed or ended with warnings.'}),
    limit: countFlag({description: 'At most so many.', default: 50}),
  }

  protected readonly columns = taskColumns
  protected readonly noun = 'tasks'

  protected fetch(flags: TaskListFlags) {
    return this.services().then((services) =>
      services.tasks.list({
        limit: flags.limit,
        running: flags.running,
        errorsOnly: flags.errors,
        ...(flags.node !== undefined && {node: flags.node}),
        ...(flags.guest !== undefined && {vmid: flags.guest}),
        ...(flags.type !== undefined && {type: flags.type}),
        ...(flags.user !== undefined && {user: flags.user}),
        ...(flags.since !== undefined && {since: new Date(this.runtime.now() - flags.since)}),
      }),
    )
  }
}
