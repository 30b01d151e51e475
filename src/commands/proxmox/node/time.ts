import {BaseCommand} from '../../../cli/base-command.js'
import {nodeArgument, nodeOf} from '../../../cli/node-argument.js'
import {asTime} from '../../../cli/output/human.js'
import {nodeInfo} from '../../../cli/wiring/node-info.js'
import type {NodeTime} from '../../../domain/node-info.js'

export default class NodeTimeCommand extends BaseCommand<NodeTime> {
  static override summary = 'Show the time and time zone of a node, and how far its clock is from this machine.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1',
    '<%= config.bin %> <%= command.id %> pve1 --jq .clockOffsetSeconds',
  ]
  static override args = nodeArgument

  async run(): Promise<NodeTime> {
    const {args} = await this.parse(NodeTimeCommand)
    const node = this.unwrap(await this.use(nodeOf(args)))
    const nodes = await this.use(nodeInfo)
    const time = await this.unwrap(nodes.time(node))
    return this.present(time, {
      columns: [
        {key: 'node'},
        {key: 'time', format: asTime},
        {key: 'timezone', header: 'TIME ZONE'},
        {key: 'utcOffsetSeconds', header: 'Ahead of UTC', format: (value) => `${Number(value) / 3600} h`},
        {key: 'clockOffsetSeconds', header: 'CLOCK OFFSET', format: (value) => `${String(value)} s`},
      ],
    })
  }
}
