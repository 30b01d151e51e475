import {Flags} from '@oclif/core'
import {ListCommand} from '../../../cli/list-command.js'
import {asBytes, asPercent, asUptime} from '../../../cli/output/human.js'
import {clusterHealth} from '../../../cli/wiring/cluster-health.js'
import type {ClusterResource} from '../../../domain/cluster-health.js'

const TYPES = ['lxc', 'node', 'qemu', 'storage'] as const

interface ResourceFlags {
  readonly type?: ClusterResource['type']
}

export default class ClusterResourcesCommand extends ListCommand<ClusterResource, ResourceFlags> {
  static override summary = 'List everything the cluster has: guests, nodes and storages, as one request tells it.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --type storage --sort diskUsedBytes:desc',
  ]
  static override flags = {
    type: Flags.option({options: TYPES})({description: 'Only these.'}),
  }

  protected override readonly nameKey = 'id'
  protected readonly noun = 'resources'
  protected readonly columns = [
    {key: 'id'},
    {key: 'type', default: false},
    {key: 'name'},
    {key: 'node'},
    {key: 'status'},
    {key: 'cpuUsage', header: 'CPU', format: asPercent, align: 'right' as const},
    {key: 'memoryUsedBytes', header: 'MEMORY USED', format: asBytes, align: 'right' as const},
    {key: 'memoryBytes', header: 'MEMORY', format: asBytes, align: 'right' as const},
    {key: 'diskUsedBytes', header: 'DISK USED', format: asBytes, align: 'right' as const},
    {key: 'diskBytes', header: 'DISK', format: asBytes, align: 'right' as const},
    {key: 'uptimeSeconds', header: 'UPTIME', format: asUptime, align: 'right' as const, default: false},
  ]

  protected async fetch({type}: ResourceFlags) {
    const cluster = await this.use(clusterHealth)
    return cluster.list().map((rows) => (type === undefined ? rows : rows.filter((row) => row.type === type)))
  }
}
