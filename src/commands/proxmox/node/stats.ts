import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {listFlags} from '../../../cli/flags.js'
import {globalFlags} from '../../../cli/global-flags.js'
import {asBytes, asPercent, asUptime} from '../../../cli/output/human.js'
import {nodeStatsText} from '../../../cli/output/node-stats.js'
import {exitCodeOfResults, resultsOf, type Results} from '../../../cli/output/results.js'
import {isAsciiOnly} from '../../../cli/output/sparkline.js'
import {nodeInfo} from '../../../cli/wiring/node-info.js'
import {HISTORY_SPANS} from '../../../domain/guest-now.js'
import {fanOut} from '../../../services/fan-out.js'
import type {NodeStats} from '../../../services/node-info-service.js'

const WIDTH_ELSEWHERE = 80
const PARALLEL = 8

export default class NodeStatsCommand extends BaseCommand<NodeStats | Results<NodeStats>> {
  static override summary = 'Show what nodes use of CPU, memory and disk, now and over time.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> pve1 --since day',
    '<%= config.bin %> <%= command.id %> --sort memoryUsedBytes:desc',
  ]
  static override strict = false
  static override baseFlags = {...globalFlags, ...listFlags}
  static override args = {node: Args.string({description: 'Names of nodes; all that are up by default.'})}
  static override flags = {
    history: Flags.boolean({description: 'Show the figures over time too; the last hour, unless --since says more.'}),
    since: Flags.option({options: HISTORY_SPANS})({
      description: 'How far the history goes back; implies --history.',
      helpValue: HISTORY_SPANS.join('|'),
    }),
  }

  async run(): Promise<NodeStats | Results<NodeStats>> {
    const {argv, flags} = await this.parse(NodeStatsCommand)
    const span = flags.since ?? (flags.history ? 'hour' : undefined)
    const nodes = await this.use(nodeInfo)
    const names = await this.unwrap(nodes.select(argv as string[]))
    if (argv.length === 1) {
      const one = await this.unwrap(nodes.stats(names[0] ?? '', span))
      const {env, stdout} = this.runtime
      const look = {ascii: isAsciiOnly(env), width: (stdout.isTTY ? stdout.columns : undefined) ?? WIDTH_ELSEWHERE}
      return this.present(one, {columns, ...(this.globals.output === undefined && {text: nodeStatsText(one, look)})})
    }

    const done = await fanOut(
      names,
      (node) => node,
      (node) => nodes.stats(node, span),
      {parallel: PARALLEL, failFast: false, signal: this.signal},
    )
    this.endWith(exitCodeOfResults(done, names.length))
    for (const result of done) if (!result.ok) this.note(`${result.target}: ${result.error.message}`)
    return this.present<Results<NodeStats>, NodeStats>(resultsOf(done, names.length), {
      columns,
      rows: done.flatMap((result) => (result.ok ? [result.value] : [])),
      ...(names.length === 0 && {empty: 'no nodes found'}),
    })
  }
}

const columns = [
  {key: 'node'},
  {key: 'version', default: false},
  {key: 'cpus', header: 'CPUS', align: 'right' as const},
  {key: 'cpuUsage', header: 'CPU', format: asPercent, align: 'right' as const},
  {key: 'ioWait', format: asPercent, align: 'right' as const},
  {key: 'loadAverage', header: 'LOAD', format: (value: unknown) => (value as readonly number[]).join(' ')},
  {key: 'memoryUsedBytes', header: 'MEMORY USED', format: asBytes, align: 'right' as const},
  {key: 'memoryBytes', header: 'MEMORY', format: asBytes, align: 'right' as const},
  {key: 'swapUsedBytes', header: 'SWAP USED', format: asBytes, align: 'right' as const, default: false},
  {key: 'rootUsedBytes', header: 'ROOT USED', format: asBytes, align: 'right' as const},
  {key: 'rootBytes', header: 'ROOT', format: asBytes, align: 'right' as const},
  {key: 'uptimeSeconds', header: 'UPTIME', format: asUptime, align: 'right' as const},
]
