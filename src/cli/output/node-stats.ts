import type {NodeUsagePoint} from '../../domain/node-info.js'
import type {NodeStats} from '../../services/node-info-service.js'
import type {HistoryLook} from './guest-stats.js'
import {asBytes, asPercent, asTime, asUptime} from './human.js'
import {sparkline} from './sparkline.js'

interface Figure {
  readonly label: string
  readonly now: string | undefined
  readonly then: (point: NodeUsagePoint) => number | undefined
  readonly format: (value: unknown) => string
  /** The greatest there can be; without it the greatest there was. */
  readonly max?: number | undefined
}

const asRate = (value: unknown): string => `${asBytes(value)}/s`
const asLoad = (value: unknown): string => Number(value).toFixed(2)

/** A node's statistics: a line per figure, with its history beside it where there is one. */
export function nodeStatsText(stats: NodeStats, {ascii, width}: HistoryLook): string {
  const {history, node, uptimeSeconds, version} = stats
  const lines = figuresOf(stats).filter(
    ({now, then}) => now !== undefined || (history ?? []).some((point) => then(point) !== undefined),
  )
  const labels = Math.max(0, ...lines.map(({label}) => label.length))
  const texts = Math.max(0, ...lines.map(({now}) => (now ?? '-').length))
  const shown = lines.map(({format, label, max, now, then}) => {
    const start = `${label.padEnd(labels)}  ${(now ?? '-').padEnd(texts)}`
    if (history === undefined) return start.trimEnd()
    const values = history.map((point) => then(point))
    const highest = Math.max(...values.filter((value) => value !== undefined))
    const peak = Number.isFinite(highest) ? `max ${format(highest)}` : 'not measured'
    const cells = Math.max(8, width - start.length - peak.length - 4)
    return `${start}  ${sparkline(values, {ascii, width: cells, ...(max !== undefined && {max})})}  ${peak}`
  })
  const up = uptimeSeconds === undefined ? '' : `, up ${asUptime(uptimeSeconds)}`
  return [`${node}: Proxmox VE ${version ?? 'of unknown version'}${up}`, ...shown, ...spanLine(stats)].join('\n')
}

function figuresOf(stats: NodeStats): Figure[] {
  const {cpuUsage, cpus, ioWait, loadAverage} = stats
  const of = (used: number | undefined, all: number | undefined): string | undefined =>
    used === undefined || all === undefined
      ? undefined
      : `${asBytes(used)} of ${asBytes(all)}${all > 0 ? ` (${asPercent(used / all)})` : ''}`
  return [
    {
      label: 'CPU',
      now: cpuUsage === undefined ? undefined : `${asPercent(cpuUsage)}${cpus === undefined ? '' : ` of ${cpus}`}`,
      then: (point) => point.cpuUsage,
      format: asPercent,
    },
    {
      label: 'IO wait',
      now: ioWait === undefined ? undefined : asPercent(ioWait),
      then: (point) => point.ioWait,
      format: asPercent,
    },
    {label: 'Load', now: loadAverage?.join(' '), then: (point) => point.loadAverage, format: asLoad},
    {
      label: 'Memory',
      now: of(stats.memoryUsedBytes, stats.memoryBytes),
      then: (point) => point.memoryUsedBytes,
      format: asBytes,
      max: stats.memoryBytes,
    },
    {
      label: 'Swap',
      now: of(stats.swapUsedBytes, stats.swapBytes),
      then: (point) => point.swapUsedBytes,
      format: asBytes,
      max: stats.swapBytes,
    },
    {
      label: 'Root',
      now: of(stats.rootUsedBytes, stats.rootBytes),
      then: (point) => point.rootUsedBytes,
      format: asBytes,
      max: stats.rootBytes,
    },
    {label: 'Net in', now: undefined, then: (point) => point.netInBytesPerSecond, format: asRate},
    {label: 'Net out', now: undefined, then: (point) => point.netOutBytesPerSecond, format: asRate},
  ]
}

function spanLine({history, historySpan}: NodeStats): string[] {
  const [first] = history ?? []
  const last = history?.at(-1)
  if (first === undefined || last === undefined) return historySpan === undefined ? [] : ['no history yet']
  return [`the last ${historySpan}: ${asTime(first.time)} to ${asTime(last.time)}; blank where nothing was measured`]
}
