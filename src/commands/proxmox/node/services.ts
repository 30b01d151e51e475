import {Flags} from '@oclif/core'
import {ListCommand, type FlagValues} from '../../../cli/list-command.js'
import {nodeArgument, nodeOf, type NodeArgument} from '../../../cli/node-argument.js'
import {nodeInfo} from '../../../cli/wiring/node-info.js'
import type {NodeService} from '../../../domain/node-info.js'

const serviceFlags = {
  down: Flags.boolean({description: 'Only those that are enabled and do not run.'}),
}

export default class NodeServices extends ListCommand<NodeService, FlagValues<typeof serviceFlags>, NodeArgument> {
  static override summary = 'List the services of a node that Proxmox VE needs, and whether they run.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1',
    '<%= config.bin %> <%= command.id %> pve1 --down',
  ]
  static override args = nodeArgument
  static override flags = serviceFlags

  protected readonly noun = 'services'
  protected readonly columns = [
    {key: 'service'},
    {key: 'state'},
    {key: 'unitState', header: 'UNIT'},
    {key: 'activeState', header: 'ACTIVE', default: false},
    {key: 'description'},
  ]

  protected async fetch({down}: FlagValues<typeof serviceFlags>, args: NodeArgument) {
    const node = this.unwrap(await this.use(nodeOf(args)))
    const nodes = await this.use(nodeInfo)
    return down ? nodes.servicesDown(node) : nodes.services(node)
  }
}
