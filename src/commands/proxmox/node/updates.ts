import {Flags} from '@oclif/core'
import {waitFlags} from '../../../cli/flags.js'
import {ListCommand} from '../../../cli/list-command.js'
import {nodeArgument, nodeOf, type NodeArgument} from '../../../cli/node-argument.js'
import type {WaitFlagValues} from '../../../cli/patience.js'
import {nodeInfo} from '../../../cli/wiring/node-info.js'
import type {NodeUpdate} from '../../../domain/node-info.js'

interface UpdateFlags extends WaitFlagValues {
  readonly refresh: boolean
}

export default class NodeUpdates extends ListCommand<NodeUpdate, UpdateFlags, NodeArgument> {
  static override summary = 'List the packages of a node that could be newer.'
  static override description =
    'As the node knew when it last looked; --refresh makes it look now. Installing them is a matter for a shell on the node.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1',
    '<%= config.bin %> <%= command.id %> pve1 --refresh -o json --jq length',
  ]
  static override args = nodeArgument
  static override flags = {
    refresh: Flags.boolean({description: 'Ask the package sources first.'}),
    timeout: waitFlags.timeout,
    'poll-interval': waitFlags['poll-interval'],
  }

  protected override readonly nameKey = 'package'
  protected readonly noun = 'updates'
  protected readonly columns = [
    {key: 'node', default: false},
    {key: 'package'},
    {key: 'installedVersion', header: 'INSTALLED'},
    {key: 'version'},
    {key: 'origin'},
    {key: 'section', default: false},
    {key: 'priority', default: false},
    {key: 'title', default: false},
  ]

  protected async fetch(flags: UpdateFlags, args: NodeArgument) {
    const node = this.unwrap(await this.use(nodeOf(args)))
    const nodes = await this.use(nodeInfo)
    return nodes.updates(node, flags.refresh, this.patience(flags))
  }
}
