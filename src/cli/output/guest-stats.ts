import {guestLabel} from '../../domain/guest.js'
import type {UsagePoint} from '../../domain/guest-now.js'
import type {GuestStats} from '../../services/stats-service.js'
import type {Column} from './columns.js'
import {asBytes, asPercent, asTime, asUptime} from './human.js'
import {sparkline} from './sparkline.js'

/** How wide a line of history may be, and whether it may only use ASCII. */
export interface HistoryLook {
  readonly width: number
  readonly ascii: boolean
}

/** What a line of statistics shows: the value now, and how to see it over time. */
interface Figure {
  readonly label: string
  readonly now: (stats: GuestStats) => string | undefined
  readonly then: (point: UsagePoint) => number | undefined
  readonly format: (value: unknown) => string
  /** The greatest there can be; without it the greatest there was. */
  readonly max?: (stats: GuestStats) => number | undefined
}

const CELLS_IN_TABLE = 24

const asRate = (value: unknown): string => `${asBytes(value)}/s`

const rate = (label: string, key: keyof GuestStats & keyof UsagePoint): Figure => ({
  label,
  now: (stats) => (stats[key] === undefined ? undefined : asRate(stats[key])),
  then: (point) => point[key] as number | undefined,
  format: asRate,
})

const amount = (
  label: string,
  used: 'diskUsedBytes' | 'memoryUsedBytes',
  all: 'diskBytes' | 'memoryBytes',
): Figure => ({
  label,
  now({[used]: usedBytes, [all]: bytes}) {
    if (bytes === undefined) return usedBytes === undefined ? undefined : asBytes(usedBytes)
    if (usedBytes === undefined) return asBytes(bytes)
    return `${asBytes(usedBytes)} of ${asBytes(bytes)}${bytes > 0 ? ` (${asPercent(usedBytes / bytes)})` : ''}`
  },
  then: (point) => point[used],
  format: asBytes,
  max: (stats) => stats[all],
})

const FIGURES: readonly Figure[] = [
  {
    label: 'CPU',
    now: ({cpuUsage, cpus}) =>
      cpuUsage === undefined ? undefined : `${asPercent(cpuUsage)}${cpus === undefined ? '' : ` of ${cpus}`}`,
    then: ({cpuUsage}) => cpuUsage,
    format: asPercent,
  },
  amount('Memory', 'memoryUsedBytes', 'memoryBytes'),
  amount('Disk', 'diskUsedBytes', 'diskBytes'),
  rate('Net in', 'netInBytesPerSecond'),
  rate('Net out', 'netOutBytesPerSecond'),
  rate('Disk read', 'diskReadBytesPerSecond'),
  rate('Disk write', 'diskWriteBytesPerSecond'),
]

/** One guest's statistics: a line per figure, with its history beside it where there is one. */
export function statsText(stats: GuestStats, {ascii, width}: HistoryLook): string {
  const {history, node, status, uptimeSeconds} = stats
  const up = uptimeSeconds === undefined || uptimeSeconds === 0 ? '' : `, up ${asUptime(uptimeSeconds)}`
  const shown = FIGURES.map((figure) => ({
    ...figure,
    text: figure.now(stats) ?? '-',
    values: history?.map(figure.then),
  }))
    // A line without a value and without a history tells nothing.
    .filter(({text, values}) => text !== '-' || (values ?? []).some((value) => value !== undefined))
  const labels = Math.max(0, ...shown.map(({label}) => label.length))
  const texts = Math.max(0, ...shown.map(({text}) => text.length))
  const lines = shown.map(({format, label, max, text, values}) => {
    const start = `${label.padEnd(labels)}  ${text.padEnd(texts)}`
    if (values === undefined) return start.trimEnd()
    const highest = Math.max(...values.filter((value) => value !== undefined))
    const peak = Number.isFinite(highest) ? `max ${format(highest)}` : 'not measured'
    const limit = max?.(stats)
    const cells = Math.max(8, width - start.length - peak.length - 4)
    return `${start}  ${sparkline(values, {ascii, width: cells, ...(limit !== undefined && {max: limit})})}  ${peak}`
  })
  return [`${guestLabel(stats)} on ${node}: ${status}${up}`, ...lines, ...spanLine(stats)].join('\n')
}

/** The table of several guests. */
export function statsColumns(isHistoryShown: boolean, ascii: boolean): readonly Column<GuestStats>[] {
  return [
    {key: 'vmid', header: 'VMID', align: 'right'},
    {key: 'name'},
    {key: 'node'},
    {key: 'status'},
    {key: 'cpus', header: 'CPUS', align: 'right', default: false},
    {key: 'cpuUsage', header: 'CPU', format: asPercent, align: 'right'},
    {key: 'memoryUsedBytes', header: 'MEMORY USED', format: asBytes, align: 'right'},
    {key: 'memoryBytes', header: 'MEMORY', format: asBytes, align: 'right'},
    {key: 'memoryHostBytes', header: 'MEMORY ON HOST', format: asBytes, align: 'right', default: false},
    {key: 'diskUsedBytes', header: 'DISK USED', format: asBytes, align: 'right', default: false},
    {key: 'diskBytes', header: 'DISK', format: asBytes, align: 'right', default: false},
    {key: 'netInBytesPerSecond', header: 'NET IN', format: asRate, align: 'right'},
    {key: 'netOutBytesPerSecond', header: 'NET OUT', format: asRate, align: 'right'},
    {key: 'diskReadBytesPerSecond', header: 'READ', format: asRate, align: 'right'},
    {key: 'diskWriteBytesPerSecond', header: 'WRITE', format: asRate, align: 'right'},
    {key: 'ratesAt', header: 'RATES AT', format: asTime, default: false},
    {
      key: 'uptimeSeconds',
      header: 'UPTIME',
      format: (value) => (value === 0 ? '-' : asUptime(value)),
      align: 'right',
      default: false,
    },
    ...(isHistoryShown
      ? [
          {
            key: 'history',
            header: 'CPU HISTORY',
            format: (_: unknown, {history = []}: GuestStats) =>
              sparkline(
                history.map(({cpuUsage}) => cpuUsage),
                {ascii, width: CELLS_IN_TABLE},
              ),
          },
        ]
      : []),
  ]
}

function spanLine({history, historySpan}: GuestStats): string[] {
  const [first] = history ?? []
  const last = history?.at(-1)
  if (first === undefined || last === undefined) return historySpan === undefined ? [] : ['no history yet']
  return [`the last ${historySpan}: ${asTime(first.time)} to ${asTime(last.time)}; blank where nothing was measured`]
}
