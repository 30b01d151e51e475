import {BaseCommand} from '../../cli/base-command.js'
import {confirmFlags, countFlag, dryRunFlag} from '../../cli/flags.js'
import {nodeMoveFlags} from '../../cli/node-move-command.js'
import {rebalanceTables} from '../../cli/output/rebalance-table.js'
import {placementFlags, policyOf} from '../../cli/placement-flags.js'
import {rebalanceService} from '../../cli/wiring/rebalance.js'
import {failure} from '../../domain/failure.js'
import type {Rebalance as Plan, Rebalanced} from '../../services/rebalance-service.js'

type Outcome = Rebalanced | (Plan & {readonly dryRun: true})

export default class Rebalance extends BaseCommand<Outcome> {
  static override summary = 'Even out how full the nodes are.'
  static override description = [
    'Plans the few moves of running guests that help most, shows them with the memory of each node before and after, and asks. Running VMs move online, containers are restarted on their new nodes. Each guest moves once at most; storage, bridges, devices, HA rules and the memory ceiling hold at every step, and guests that HA keeps together stay where they are.',
    'The imbalance is the standard deviation of the shares of memory that are taken, over all nodes that take guests; a move that does not lower it by a percentage point is not worth it. What counts is the configured memory of all guests that run there, plus what a node uses beyond that.',
    'Before each move everything is asked again. After the first failure nothing new is begun: exit 9 where guests have moved by then, else that of the failure; 12 where nobody knows what became of a guest.',
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %> --max-moves 2 --yes',
    {
      description: 'How uneven the nodes are, for a script',
      command: '<%= config.bin %> <%= command.id %> --dry-run --jq .imbalanceBefore',
    },
  ]
  static override flags = {
    ...nodeMoveFlags,
    ...dryRunFlag,
    ...confirmFlags,
    ...placementFlags,
    'max-moves': countFlag({default: 10, description: 'How many guests may move.', max: 1000}),
  }

  async run(): Promise<Outcome> {
    const {flags} = await this.parse(Rebalance)
    const service = await this.use(rebalanceService(policyOf(flags, await this.settings())))
    const plan = await this.unwrap(service.prepare(flags['max-moves']))
    const tables = rebalanceTables(plan)
    const verdict = 'balanced: no move would even the nodes out any further'
    const text = plan.balanced ? `${tables}\n${verdict}` : tables
    if (flags['dry-run']) return this.present({dryRun: true as const, ...plan}, {text})
    if (plan.balanced) return this.present({...plan, changed: false}, {text})
    if (!flags.yes) {
      this.note(tables)
      const yes = await this.unwrap(this.prompt.confirm(`Move ${guestsText(plan.moves.length)}?`, '--yes'))
      if (!yes) this.fail(failure('refused', 'nothing was moved: the question was answered with no'))
    }

    const done = await this.unwrap(service.carryOut(plan, flags.parallel, this.patience(flags)))
    return this.present(done, {text: `${rebalanceTables(done)}\n${guestsText(done.moves.length)} moved`})
  }
}

function guestsText(count: number): string {
  return count === 1 ? '1 guest' : `${count} guests`
}
