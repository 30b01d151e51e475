import {Flags} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {CommandError} from '../../../cli/command-error.js'
import {countFlag} from '../../../cli/flags.js'
import {nodeArgument, nodeOf} from '../../../cli/node-argument.js'
import {nodeInfo} from '../../../cli/wiring/node-info.js'
import {failure} from '../../../domain/failure.js'

interface Syslog {
  readonly node: string
  readonly lines: readonly string[]
}

/** A moment in the words that Proxmox VE takes, which are those of the node's clock. */
const nodeTimeFlag = (description: string) =>
  Flags.custom<string>({
    helpValue: '"YYYY-MM-DD [HH:MM[:SS]]"',
    async parse(text, _context, {name}) {
      if (/^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2})?)?$/.test(text)) return text
      throw new CommandError(
        failure('usage', `--${name}: "${text}" is no time`, {hint: 'write it as "2026-11-21 08:00", or as 2026-11-21'}),
      )
    },
  })({description})

export default class NodeSyslog extends BaseCommand<Syslog> {
  static override summary = 'Show the system log of a node.'
  static override description =
    'The last lines of it; with --since, --until or --service the first lines of what these leave. Times are those of the node, as it writes them.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1 --limit 20',
    '<%= config.bin %> <%= command.id %> pve1 --since "2026-11-21 08:00"',
    '<%= config.bin %> <%= command.id %> pve1 --service pveproxy --since 2026-11-21 --jq ".lines[]"',
  ]
  static override args = nodeArgument
  static override flags = {
    since: nodeTimeFlag('From this time on, as the node counts.'),
    until: nodeTimeFlag('Up to this time.'),
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
