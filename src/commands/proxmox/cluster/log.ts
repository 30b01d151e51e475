import {countFlag} from '../../../cli/flags.js'
import {ListCommand, type FlagValues} from '../../../cli/list-command.js'
import {asTime} from '../../../cli/output/human.js'
import {clusterHealth} from '../../../cli/wiring/cluster-health.js'
import type {ClusterLogEntry} from '../../../domain/cluster-health.js'

const logFlags = {
  limit: countFlag({default: 50, description: 'Lines at most, the newest.', max: 10_000}),
}

export default class ClusterLog extends ListCommand<ClusterLogEntry, FlagValues<typeof logFlags>> {
  static override summary = 'Show the log that the nodes keep together: logins, tasks, changes.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --limit 500 --jq \'.[] | select(.severity == "err") | .message\'',
  ]
  static override flags = logFlags

  protected readonly noun = 'lines'
  protected readonly columns = [
    {key: 'time', format: asTime},
    {key: 'node'},
    {key: 'service'},
    {key: 'severity'},
    {key: 'user'},
    {key: 'message'},
  ]

  protected async fetch({limit}: FlagValues<typeof logFlags>) {
    const cluster = await this.use(clusterHealth)
    return cluster.log(limit)
  }
}
