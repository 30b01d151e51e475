import {Flags} from '@oclif/core'

import {failure} from '../domain/failure.js'
import type {NodePowerChange, NodePowerVerb} from '../services/node-power-service.js'
import {BaseCommand} from './base-command.js'
import {confirmFlags, waitFlags} from './flags.js'
import {nodeArgument, nodeOf, type NodeArgument} from './node-argument.js'
import {surroundingsOf} from './surroundings.js'
import {nodePowerService} from './wiring/node-power.js'

interface PowerFlags {
  readonly force?: boolean
  readonly wait: boolean
  readonly yes?: boolean
  readonly timeout?: number
  readonly 'poll-interval'?: number
}

export const nodeOffFlags = {
  ...waitFlags,
  ...confirmFlags,
  force: Flags.boolean({description: 'Even while guests run there, and when the cluster loses its quorum.'}),
}

/** Switching a node. */
export abstract class NodePowerCommand extends BaseCommand<NodePowerChange> {
  static override args = nodeArgument

  protected abstract readonly verb: NodePowerVerb

  override async run(): Promise<NodePowerChange> {
    const parsed = await this.parse()
    const flags = parsed.flags as unknown as PowerFlags
    const node = this.unwrap(await this.use(nodeOf(parsed.args as NodeArgument)))
    const {name} = await this.settings()
    const nodes = await this.use(nodePowerService(surroundingsOf(this.runtime, this.config), name))
    if (this.verb !== 'wake') {
      this.unwrap(await nodes.check(node, flags.force ?? false))
      if (flags.yes !== true && !(await this.unwrap(this.prompt.confirm(`${this.verb} the node ${node}?`, '--yes')))) {
        this.fail(failure('refused', `${node} stays as it is: the question was answered with no`))
      }
    }

    const change = this.unwrap(await nodes.run(this.verb, node, flags.wait, this.patience(flags)))
    return this.present(change, {text: sentence(change)})
  }
}

function sentence({changed, node, seconds, state}: NodePowerChange): string {
  if (!changed) return `${node} is online already`
  if (state === 'asked') return `${node} was asked; nobody waits for it`
  return state === 'off' ? `${node} is off, after ${seconds} s` : `${node} has booted and is back, after ${seconds} s`
}
