import {Flags} from '@oclif/core'
import {choicesFlag, countFlag, momentFlag} from '../../../cli/flags.js'
import {ListCommand} from '../../../cli/list-command.js'
import {taskColumns} from '../../../cli/task-columns.js'
import {taskListService} from '../../../cli/wiring/tasks.js'
import {failure} from '../../../domain/failure.js'
import {momentAt, type Moment} from '../../../domain/moment.js'
import {TASK_STATES, type TaskState, type TaskSummary} from '../../../domain/task.js'

interface TaskListFlags {
  readonly node?: string[]
  readonly guest?: string
  readonly type?: string
  readonly user?: string
  readonly state?: TaskState[]
  readonly since?: Moment
  readonly until?: Moment
  readonly running: boolean
  readonly errors: boolean
  readonly limit: number
}

export default class TaskList extends ListCommand<TaskSummary, TaskListFlags> {
  static override summary = 'List tasks of the whole cluster: what runs and what has run.'
  static override description = `Every node keeps its own history; they are asked at the same time and shown as one list, newest start first. A node that is offline is missing from it, and a remark on stderr says so.

Without Sys.Audit on a node, Proxmox VE tells only the tasks of the login itself. A backup of several guests belongs to none of them, so --guest does not find it: use --type vzdump.`

  static override hiddenAliases = ['proxmox:task:ls']
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --guest web --since 2d',
    '<%= config.bin %> <%= command.id %> --node pve1 --type qmclone --since 2026-01-31 --until 2026-02-01T12:00',
    '<%= config.bin %> <%= command.id %> --state failed,warnings --columns startedAt,type,id,exitStatus',
  ]

  static override flags = {
    node: Flags.string({
      description: 'Only tasks of this node; can be repeated.',
      helpValue: 'NODE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    guest: Flags.string({
      description: 'Only tasks of this guest: name or VMID, also that of one that is gone.',
      helpValue: 'NAME',
    }),
    type: Flags.string({description: 'Only tasks of this type, as qmclone or vzdump.', helpValue: 'TYPE'}),
    user: Flags.string({description: 'Only tasks of users whose name has this in it.', helpValue: 'TEXT'}),
    state: choicesFlag<TaskState>({
      choices: TASK_STATES,
      description: `Only tasks in these states: ${TASK_STATES.join(', ')}.`,
    }),
    since: momentFlag({description: 'Only tasks started since then: 2h, 3d, 2026-01-31, 2026-01-31T10:00.'}),
    until: momentFlag({description: 'Only tasks started before then.'}),
    running: Flags.boolean({description: 'Only tasks that still run; the same as --state running.'}),
    errors: Flags.boolean({description: 'Only tasks that failed or warned; the same as --state failed,warnings.'}),
    limit: countFlag({description: 'At most so many, the newest.', default: 50}),
  }

  protected readonly columns = taskColumns
  protected readonly noun = 'tasks'

  protected async fetch(flags: TaskListFlags) {
    const states: TaskState[] = [
      ...(flags.state ?? []),
      ...(flags.running ? (['running'] as const) : []),
      ...(flags.errors ? (['failed', 'warnings'] as const) : []),
    ]
    const now = this.runtime.now()
    const since = flags.since === undefined ? undefined : momentAt(flags.since, now)
    const until = flags.until === undefined ? undefined : momentAt(flags.until, now)
    if (since !== undefined && until !== undefined && since > until)
      this.fail(failure('usage', '--since is later than --until', {hint: 'exchange them'}))
    const service = await this.use(taskListService)
    const listed = await service.list({
      nodes: flags.node ?? [],
      states,
      limit: flags.limit,
      ...(flags.guest !== undefined && {guest: flags.guest}),
      ...(flags.type !== undefined && {type: flags.type}),
      ...(flags.user !== undefined && {user: flags.user}),
      ...(since !== undefined && {since}),
      ...(until !== undefined && {until}),
    })
    if (listed.isOk()) {
      const {missing, ownOnly} = listed.value
      for (const {node, reason} of missing) this.note(`the tasks of ${node} are missing: ${reason}`)
      if (ownOnly.length > 0)
        this.note(`only your own tasks of ${ownOnly.join(', ')} are listed: for all of them, Sys.Audit is needed there`)
    }

    return listed.map(({tasks}) => tasks)
  }
}
