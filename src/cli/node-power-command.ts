import {Flags} from '@oclif/core'

import {failure} from '../domain/failure.js'
import type {NodePowerChange, NodePowerVerb} from '../services/node-power-service.js'
import {BaseCommand} from './base-command.js'
import {confirmFlags, dryRunFlag, waitFlags} from './flags.js'
import {nodeArgument, nodeOf, type NodeArgument} from './node-argument.js'
import {surroundingsOf} from './surroundings.js'
import {nodePowerService} from './wiring/node-power.js'

interface PowerFlags {
  readonly 'dry-run'?: boolean
  readonly force?: boolean
  readonly wait: boolean
  readonly yes?: boolean
  readonly timeout?: number
  readonly 'poll-interval'?: number
}

/** What `--dry-run` tells. */
interface NodePowerPlan {
  readonly node: string
  readonly verb: NodePowerVerb
  /** False: it is so already. */
  readonly changed: boolean
  readonly dryRun: true
}

export const nodeOffFlags = {
  ...waitFlags,
  ...dryRunFlag,
  ...confirmFlags,
  force: Flags.boolean({description: 'Even while guests run there, and when the cluster loses its quorum.'}),
}

/** Switching a node. */
export abstract class NodePowerCommand extends BaseCommand<NodePowerChange | NodePowerPlan> {
  static override args = nodeArgument

  protected abstract readonly verb: NodePowerVerb

  override async run(): Promise<NodePowerChange | NodePowerPlan> {
    const parsed = await this.parse()
    const flags = parsed.flags as unknown as PowerFlags
    const node = this.unwrap(await this.use(nodeOf(parsed.args as NodeArgument)))
    const {name} = await this.settings()
    const nodes = await this.use(nodePowerService(surroundingsOf(this.runtime, this.config), name))
    const changed = this.unwrap(await nodes.check(this.verb, node, flags.force ?? false))
    if (flags['dry-run'] === true) {
      const text = changed ? `would ${this.verb} ${node}` : already(node, this.verb)
      return this.present({node, verb: this.verb, changed, dryRun: true as const}, {text})
    }

    // Whoever is not there to be asked has named the node, and nothing runs there any more, or --force was said.
    const asks = changed && this.verb !== 'wake' && flags.yes !== true && this.prompt.possible
    if (asks && !(await this.unwrap(this.prompt.confirm(`${this.verb} the node ${node}?`, '--yes')))) {
      this.fail(failure('refused', `${node} stays as it is: the question was answered with no`))
    }

    const change = this.unwrap(await nodes.run(this.verb, node, flags.wait, this.patience(flags)))
    return this.present(change, {text: sentence(change)})
  }
}

function already(node: string, verb: NodePowerVerb): string {
  return `${node} is ${verb === 'wake' ? 'online' : 'offline'} already`
}

function sentence({changed, node, seconds, state, verb}: NodePowerChange): string {
  if (!changed) return already(node, verb)
  if (state === 'asked') return `${node} was asked; nobody waits for it`
  return state === 'off' ? `${node} is off, after ${seconds} s` : `${node} has booted and is back, after ${seconds} s`
}
