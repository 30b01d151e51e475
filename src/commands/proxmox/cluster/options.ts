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
    return this.present(await this.unwrap(cluster.options()))
  }
}
