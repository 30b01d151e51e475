import {dryRunFlag} from '../../../cli/flags.js'
import {nodeArgument, nodeOf} from '../../../cli/node-argument.js'
import {moveLine, NodeMoveCommand, nodeMoveFlags} from '../../../cli/node-move-command.js'
import {returnService} from '../../../cli/wiring/drain.js'
import {EXIT_CODES, failure} from '../../../domain/failure.js'
import {guestLabel} from '../../../domain/guest.js'
import {blockedText} from '../../../domain/move-plan.js'
import type {HomePlan, Returned} from '../../../services/return-service.js'

type Outcome = Returned | (HomePlan & {readonly dryRun: true})

export default class NodeReturn extends NodeMoveCommand<Outcome> {
  static override summary = 'Bring the guests home that a drain sent away, and start those it shut down.'
  static override description =
    'Only those that the record of the drain names; the record is on the machine where the drain was done. What cannot come home is named, the others come all the same (exit 9); the record is kept for another try until all are home. Disks that the drain copied are copied back.\n\nThe node may become as full as it was when it was drained, also beyond the usual ceiling; --memory-ceiling is kept to where it is given.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1 --dry-run',
    '<%= config.bin %> <%= command.id %> pve1',
  ]
  static override args = nodeArgument
  static override flags = {...nodeMoveFlags, ...dryRunFlag}

  async run(): Promise<Outcome> {
    const {args, flags} = await this.parse(NodeReturn)
    const node = this.unwrap(await this.use(nodeOf(args)))
    const returns = await this.use(returnService(await this.drainSetting({...flags, 'with-local-disks': true})))
    const patience = this.patience(flags)
    const plan = await this.unwrap(returns.prepare(node, patience))
    if (flags['dry-run']) return this.present({dryRun: true as const, ...plan}, {text: planText(plan)})
    const {blocked} = plan
    if (blocked.length > 0 && plan.moves.length + plan.starts.length === 0) {
      this.fail(
        failure('refused', `no guest can come home to ${node}: ${blockedText(blocked)}`, {
          hint: `Put that right, then: homelab proxmox node return ${node}`,
          details: {node, blocked: blocked.map(({reason, vmid}) => ({vmid, reason}))},
        }),
      )
    }

    const done = await this.unwrap(returns.carryOut(plan, flags.parallel, patience))
    if (!done.complete) this.endWith(EXIT_CODES.partial)
    return this.present(done, {text: plan.known ? doneText(done) : planText(plan)})
  }
}

function planText({blocked, known, moves, node, starts}: HomePlan): string {
  if (!known) return `No drain of ${node} is on record here: nothing to bring home`
  if (blocked.length + moves.length + starts.length === 0) return `All guests of ${node} are home`
  const section = (title: string, lines: readonly string[]) => (lines.length === 0 ? [] : [title, ...lines])
  return [
    ...section(
      'To move:',
      moves.map((move) => moveLine(move)),
    ),
    ...section(
      'To start:',
      starts.map((guest) => `  ${guestLabel(guest)} on ${guest.node}`),
    ),
    ...section(
      'Cannot come home:',
      blocked.map((guest) => `  ${guestLabel(guest)}: ${guest.reason}`),
    ),
  ].join('\n')
}

function doneText({blocked, complete, failed, moved, node, started}: Returned): string {
  return [
    ...blocked.map((guest) => `${guestLabel(guest)} stays on ${guest.node}: ${guest.reason}`),
    ...failed.map((guest) => `${guestLabel(guest)}: ${guest.error.message}`),
    `${moved.length} guests came home to ${node}, ${started.length} were started`,
    ...(complete ? [] : [`Not all are home; try again with: homelab proxmox node return ${node}`]),
  ].join('\n')
}
