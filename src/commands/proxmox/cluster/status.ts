import {BaseCommand} from '../../../cli/base-command.js'
import {clusterStatusText} from '../../../cli/output/cluster-status.js'
import {clusterHealth} from '../../../cli/wiring/cluster-health.js'
import type {ClusterHealth} from '../../../services/cluster-health-service.js'

export default class ClusterStatusCommand extends BaseCommand<ClusterHealth> {
  static override summary =
    'Show the quorum, the votes, the nodes and their load, high availability, and what needs a look.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    "<%= config.bin %> <%= command.id %> --jq '.quorate'",
  ]

  async run(): Promise<ClusterHealth> {
    await this.parse(ClusterStatusCommand)
    const health = await this.use(clusterHealth)
    const overview = await this.unwrap(health.status())
    const {stdout} = this.runtime
    return this.present(overview, {text: clusterStatusText(overview, stdout.isTTY ? stdout.columns : undefined)})
  }
}
