import {BaseCommand} from '../../../cli/base-command.js'
import {nodeArgument, nodeOf} from '../../../cli/node-argument.js'
import {nodeInfo} from '../../../cli/wiring/node-info.js'
import type {Subscription} from '../../../domain/node-info.js'

export default class NodeSubscription extends BaseCommand<Subscription> {
  static override summary = 'Show the subscription of a node.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1',
    '<%= config.bin %> <%= command.id %> pve1 --jq .status',
  ]
  static override args = nodeArgument

  async run(): Promise<Subscription> {
    const {args} = await this.parse(NodeSubscription)
    const node = this.unwrap(await this.use(nodeOf(args)))
    const nodes = await this.use(nodeInfo)
    return this.present(await this.unwrap(nodes.subscription(node)), {
      columns: [
        {key: 'node'},
        {key: 'status'},
        {key: 'message'},
        {key: 'productName', header: 'PRODUCT'},
        {key: 'level'},
        {key: 'sockets'},
        {key: 'nextDueDate', header: 'NEXT DUE'},
        {key: 'serverId', header: 'Server ID'},
      ],
    })
  }
}
