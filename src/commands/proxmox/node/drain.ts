import {Flags} from '@oclif/core'

import {readDrainPlan, writeDrainPlan} from '../../../cli/drain-plan-file.js'
import {confirmFlags, dryRunFlag} from '../../../cli/flags.js'
import {nodeArgument, nodeOf} from '../../../cli/node-argument.js'
import {moveLine, NodeMoveCommand, nodeMoveFlags} from '../../../cli/node-move-command.js'
import {drainService} from '../../../cli/wiring/drain.js'
import type {DrainPlan} from '../../../domain/drain-plan.js'
import {failure} from '../../../domain/failure.js'
import {guestLabel} from '../../../domain/guest.js'
import type {Drained, DrainOptions} from '../../../services/drain-service.js'

type Outcome = Drained | (DrainPlan & {readonly dryRun: true})

export default class NodeDrain extends NodeMoveCommand<Outcome> {
  static override summary = 'Move all running guests away from a node.'
  static override description = [
    'Running VMs move online, containers are restarted on their new nodes. Where each goes is planned first, by memory, storage, bridges, devices and HA rules; what cannot move is named, and nothing is begun as long as --blocked does not say what to do with it. Guests that are stopped stay, unless --with-stopped says otherwise; templates always do.',
    'Each step is written down before it is done: a drain that was cut off goes on when the same command is given again, and "node return" brings back what left. Before each move everything is asked again; when something is not as planned any more, what is under way is waited for and nothing new is begun (exit 8; 12 where nobody knows what became of a guest).',
    'At a terminal the plan is shown first, and there is a question; a script gets what it asks for.',
    'With --dry-run, --plan FILE saves the plan; without, it carries out the plan in FILE as it is, or nothing.',
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1 --dry-run',
    '<%= config.bin %> <%= command.id %> pve1 --blocked shutdown',
    {
      command: '<%= config.bin %> <%= command.id %> pve1 --dry-run --plan pve1.json',
      description: 'Save a plan, and carry it out later with --plan pve1.json:',
    },
  ]
  static override args = nodeArgument
  static override flags = {
    ...nodeMoveFlags,
    ...dryRunFlag,
    ...confirmFlags,
    plan: Flags.string({
      description: 'With --dry-run: save the plan there; else: carry out that plan.',
      helpValue: 'FILE',
    }),
    blocked: Flags.option({options: ['fail', 'shutdown', 'leave'] as const})({
      description:
        'What to do with running guests that cannot move: nothing at all is done (fail, the default), they are shut down and started again on return, or they are left running.',
    }),
    'with-stopped': Flags.boolean({description: 'Move guests that are stopped, too; those that cannot are named.'}),
    'with-local-disks': Flags.boolean({description: 'Copy disks that are on storage of the node itself.'}),
  }

  async run(): Promise<Outcome> {
    const {args, flags} = await this.parse(NodeDrain)
    const node = this.unwrap(await this.use(nodeOf(args)))
    const drains = await this.use(drainService(await this.drainSetting(flags)))
    const file = flags.plan
    const saved = file === undefined || flags['dry-run'] ? undefined : this.unwrap(readDrainPlan(this.runtime, file))
    const patience = this.patience(flags)
    const options: DrainOptions = {
      ...(flags.blocked !== undefined && {blocked: flags.blocked}),
      ...(flags['with-stopped'] && {withStopped: true}),
      ...(saved !== undefined && {plan: saved}),
    }
    const plan = await this.unwrap(drains.prepare(node, options, patience))
    if (flags['dry-run']) {
      if (file !== undefined) {
        this.unwrap(writeDrainPlan(this.runtime, file, plan, this.runtime.now().toString(36)))
        this.note(`the plan is in ${file}; carry it out with: homelab proxmox node drain ${node} --plan ${file}`)
      }

      return this.present({dryRun: true as const, ...plan}, {text: planText(plan)})
    }

    if (plan.possible && plan.moves.length + plan.shutdowns.length > 0 && !flags.yes) {
      this.note(planText(plan))
      // Whoever is not there to be asked has named the node, and can have it all back with `node return`.
      const yes = !this.prompt.possible || (await this.unwrap(this.prompt.confirm(`Drain ${node}?`, '--yes')))
      if (!yes) this.fail(failure('refused', 'nothing was moved: the question was answered with no'))
    }

    const done = await this.unwrap(drains.carryOut(plan, flags.parallel, patience))
    return this.present(done, {text: doneText(done)})
  }
}

function planText({away, blocked, moves, node, possible, resumed, shutdowns, staying}: DrainPlan): string {
  const shut = new Set(shutdowns.map(({vmid}) => vmid))
  const held = blocked.filter(({vmid}) => !shut.has(vmid))
  const section = (title: string, lines: readonly string[]) => (lines.length === 0 ? [] : [title, ...lines])
  return [
    ...(resumed ? [`A drain of ${node} was cut off; it goes on. ${away.length} guests are away already.`] : []),
    ...section(
      'To move:',
      moves.map((move) => moveLine(move)),
    ),
    ...section(
      'To shut down, and to start again on return:',
      shutdowns.map((guest) => `  ${guestLabel(guest)}`),
    ),
    ...section(
      possible ? 'Cannot move, and stay:' : 'Cannot move, so nothing will be done (see --blocked):',
      held.map((guest) => `  ${guestLabel(guest)}: ${guest.reason}`),
    ),
    ...section(
      'Stay, for they do not run:',
      staying.map((guest) => `  ${guestLabel(guest)}, ${guest.reason}`),
    ),
    ...(moves.length + shutdowns.length + held.length === 0 ? [`No guest runs on ${node}: nothing to do`] : []),
  ].join('\n')
}

function doneText({changed, empty, left, moved, node, shutDown}: Drained): string {
  const what = `${moved.length} guests moved away, ${shutDown.length} shut down`
  const rest = empty
    ? `no guest runs on ${node}`
    : `${left.map((guest) => guestLabel(guest)).join(', ')} still run on ${node}`
  return changed ? `${rest}: ${what}` : `${rest} (nothing was to be done)`
}
