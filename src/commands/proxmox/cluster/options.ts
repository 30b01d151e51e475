import {BaseCommand} from '../../../cli/base-command.js'
import {clusterHealth} from '../../../cli/wiring/cluster-health.js'

export default class ClusterOptions extends BaseCommand {
  static override summary = 'Show the options of the datacenter, by the names that Proxmox VE has for them.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {
      description: 'To change one',
      command: '<%= config.bin %> proxmox api put /cluster/options -d keyboard=de',
    },
  ]

  async run(): Promise<object> {
    await this.parse(ClusterOptions)
    const cluster = await this.use(clusterHealth)
    const options = await this.unwrap(cluster.options())
    return this.present(options, {
      columns: Object.keys(options).map((key) => ({key, header: key, format: asOption})),
    })
  }
}

/** As Proxmox VE writes it into its file: `type=secure,network=10.0.0.0/24`, `a;b`. */
function asOption(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.join(';')
  return typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([key, part]) => `${key}=${String(part)}`)
        .join(',')
    : String(value)
}
