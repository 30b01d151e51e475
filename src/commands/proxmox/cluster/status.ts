import {BaseCommand} from '../../../cli/base-command.js'
import {clusterStatusText} from '../../../cli/output/cluster-status.js'
import type {ClusterOverview} from '../../../services/cluster-service.js'

export default class ClusterStatusCommand extends BaseCommand<ClusterOverview> {
  static override summary = 'Show the quorum, the votes, and what each node runs on and is loaded with.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    "<%= config.bin %> <%= command.id %> --jq '.quorate'",
  ]

  async run(): Promise<ClusterOverview> {
    await this.parse(ClusterStatusCommand)
    const services = await this.services()
    const overview = await this.unwrap(services.cluster.overview())
    return this.present(overview, {text: clusterStatusText(overview)})
  }
}
