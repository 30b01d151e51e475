import {ListCommand} from '../../../cli/list-command.js'
import {asBytes, asPercent, asUptime} from '../../../cli/output/human.js'
import type {ClusterNode} from '../../../domain/node.js'

export default class NodeList extends ListCommand<ClusterNode> {
  static override summary = 'List the nodes and what they are busy with.'
  static override hiddenAliases = ['proxmox:node:ls']
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --sort memoryUsedBytes:desc',
  ]

  protected readonly noun = 'nodes'
  protected readonly columns = [
    {key: 'node'},
    {key: 'status'},
    {key: 'cpus', header: 'CPUS', align: 'right' as const},
    {key: 'cpuUsage', header: 'CPU', format: asPercent, align: 'right' as const},
    {key: 'memoryUsedBytes', header: 'MEMORY USED', format: asBytes, align: 'right' as const},
    {key: 'memoryBytes', header: 'MEMORY', format: asBytes, align: 'right' as const},
    {key: 'diskUsedBytes', header: 'DISK USED', format: asBytes, align: 'right' as const, default: false},
    {key: 'diskBytes', header: 'DISK', format: asBytes, align: 'right' as const, default: false},
    {key: 'uptimeSeconds', header: 'UPTIME', format: asUptime, align: 'right' as const},
    {key: 'haState', header: 'HA', default: false},
  ]

  protected fetch() {
    return this.services().then((services) => services.cluster.listNodes())
  }
}
