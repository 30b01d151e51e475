import {BaseCommand} from '../../../cli/base-command.js'
import {nodeArgument, nodeOf} from '../../../cli/node-argument.js'
import {asBytes, asPercent, asUptime} from '../../../cli/output/human.js'
import {nodeInfo} from '../../../cli/wiring/node-info.js'
import type {NodeDetails} from '../../../domain/node-info.js'

const asList = (value: unknown): string => (value as readonly number[]).join(' ')

export default class NodeShow extends BaseCommand<NodeDetails> {
  static override summary = 'Show a node: its release, kernel, hardware and load.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1',
    '<%= config.bin %> <%= command.id %> pve1 --jq .version',
  ]
  static override args = nodeArgument

  async run(): Promise<NodeDetails> {
    const {args} = await this.parse(NodeShow)
    const node = this.unwrap(await this.use(nodeOf(args)))
    const nodes = await this.use(nodeInfo)
    const details = await this.unwrap(nodes.details(node))
    return this.present(details, {
      columns: [
        {key: 'node'},
        {key: 'version', header: 'Proxmox VE'},
        {key: 'kernel'},
        {key: 'bootMode'},
        {key: 'secureBoot'},
        {key: 'cpuModel', header: 'CPU model'},
        {key: 'cpuSockets', header: 'SOCKETS'},
        {key: 'cpuCores', header: 'CORES'},
        {key: 'cpus', header: 'THREADS'},
        {key: 'cpuUsage', header: 'CPU', format: asPercent},
        {key: 'ioWait', header: 'I/O wait', format: asPercent},
        {key: 'loadAverage', header: 'LOAD', format: asList},
        {key: 'memoryUsedBytes', header: 'MEMORY USED', format: asBytes},
        {key: 'memoryBytes', header: 'MEMORY', format: asBytes},
        {key: 'swapUsedBytes', header: 'SWAP USED', format: asBytes},
        {key: 'swapBytes', header: 'SWAP', format: asBytes},
        {key: 'rootUsedBytes', header: 'ROOT USED', format: asBytes},
        {key: 'rootBytes', header: 'ROOT', format: asBytes},
        {key: 'uptimeSeconds', header: 'UPTIME', format: asUptime},
      ],
    })
  }
}
