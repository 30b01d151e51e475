import {Flags} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {countFlag} from '../../../cli/flags.js'
import {nodeArgument, nodeOf} from '../../../cli/node-argument.js'
import {nodeInfo} from '../../../cli/wiring/node-info.js'

interface Syslog {
  readonly node: string
  readonly lines: readonly string[]
}

export default class NodeSyslog extends BaseCommand<Syslog> {
  static override summary = 'Show the system log of a node.'
  static override description =
    'Without --since the first lines of the log that the node keeps for the API; times are those of the node, as it writes them.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1 --since "2026-11-21 08:00"',
    '<%= config.bin %> <%= command.id %> pve1 --service pveproxy --since 2026-11-21 --jq ".lines[]"',
  ]
  static override args = nodeArgument
  static override flags = {
    since: Flags.string({
      description: 'From this time on, as the node counts.',
      helpValue: '"YYYY-MM-DD [HH:MM[:SS]]"',
    }),
    until: Flags.string({description: 'Up to this time.', helpValue: '"YYYY-MM-DD [HH:MM[:SS]]"'}),
    service: Flags.string({description: 'Only what this service says, as pveproxy.', helpValue: 'SERVICE'}),
    limit: countFlag({default: 500, description: 'Lines at most.', max: 50_000}),
  }

  async run(): Promise<Syslog> {
    const {args, flags} = await this.parse(NodeSyslog)
    const {limit, service, since, until} = flags
    const node = this.unwrap(await this.use(nodeOf(args)))
    const nodes = await this.use(nodeInfo)
    const lines = await this.unwrap(
      nodes.syslog(node, {
        limit,
        ...(service !== undefined && {service}),
        ...(since !== undefined && {since}),
        ...(until !== undefined && {until}),
      }),
    )
    return this.present({node, lines}, {text: lines.join('\n')})
  }
}
