import {Args} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {taskWhyService} from '../../../cli/wiring/tasks.js'
import {guestLabel} from '../../../domain/guest.js'
import type {TaskExplanation} from '../../../services/task-why-service.js'

export default class TaskWhy extends BaseCommand<TaskExplanation> {
  static override summary = 'Explain how a task ended: the lines of its log that matter, the cause, the next command.'
  static override description =
    'Reads the log for errors and warnings, without progress and headings, and knows what many of the texts of Proxmox VE mean. The exit code is 0 whatever became of the task: for its outcome, see "task wait".'

  static override args = {upid: Args.string({description: 'UPID of the task.', required: true})}
  static override examples = [
    '<%= config.bin %> <%= command.id %> UPID:pve1:…',
    "<%= config.bin %> <%= command.id %> UPID:pve1:… --jq '.causes[].reason'",
  ]

  async run(): Promise<TaskExplanation> {
    const {args} = await this.parse(TaskWhy)
    const service = await this.use(taskWhyService)
    const explained = await this.unwrap(service.explain(args.upid))
    return this.present(explained, {text: textOf(explained)})
  }
}

function textOf(explained: TaskExplanation): string {
  const {type, id, node, state, exitStatus, guest, lines, causes, next} = explained
  const about = guest === undefined ? (id === undefined ? '' : ` of ${id}`) : ` of ${guestLabel(guest)}`
  const ended = {
    running: 'still runs',
    ok: 'ended well',
    warnings: `ended with warnings (${exitStatus ?? ''})`,
    failed: `failed: ${exitStatus ?? ''}`,
  }[state]
  const width = String(lines.at(-1)?.line ?? '').length
  return [
    `${type}${about} on ${node} ${ended}`,
    ...lines.map(({line, text, times}) => {
      const repeated = times === undefined ? '' : ` (${times} times)`
      return `  ${String(line).padStart(width)}  ${text}${repeated}`
    }),
    ...(state === 'ok' && lines.length > 0 ? ['It counts as success, but its log says more: see above.'] : []),
    ...causes.map(
      ({cause, line}) => `Cause: ${cause}${line === undefined || causes.length === 1 ? '' : ` (line ${line})`}`,
    ),
    ...(state === 'failed' && causes.length === 0
      ? ['The cause is none of the known ones: the words are those of Proxmox VE.']
      : []),
    ...(guest?.lock === undefined ? [] : [`${guestLabel(guest)} is locked now (${guest.lock}).`]),
    ...(next === undefined ? [] : [`Next:  ${next}`]),
  ].join('\n')
}
