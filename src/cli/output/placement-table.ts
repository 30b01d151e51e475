import type {Rejection} from '../../domain/placement.js'
import type {ScorePart} from '../../domain/placement-score.js'
import {formatSize} from '../../domain/size.js'
import type {Column} from './columns.js'
import {renderTable} from './table.js'

interface Ranked {
  readonly node: string
  readonly score?: number
  readonly parts?: readonly ScorePart[]
  readonly freeMemoryAfterBytes?: number
  readonly guestCount?: number
}

interface Row extends Ranked {
  readonly points?: Readonly<Partial<Record<ScorePart['part'], number>>>
  readonly why?: string
}

const PARTS = ['memory', 'spread', 'affinity', 'cpu', 'stay'] as const

const asPoints = (value: unknown): string => Number(value).toFixed(1)

const columns: readonly Column<Row>[] = [
  {key: 'node'},
  {key: 'score', align: 'right', format: asPoints},
  ...PARTS.map((name): Column<Row> => ({key: `points.${name}`, align: 'right', format: asPoints})),
  {
    key: 'freeMemoryAfterBytes',
    header: 'FREE AFTER',
    align: 'right',
    format: (value) => formatSize(Math.max(0, Number(value))),
  },
  {key: 'guestCount', header: 'GUESTS', align: 'right'},
  {key: 'why', header: 'WHY NOT'},
]

/** Nodes with the points of each part of their score, best first; then those that are out, with the reason. */
export function placementTable(ranked: readonly Ranked[], rejected: readonly Rejection[]): string {
  const scored = ranked.map((one): Row => ({
    ...one,
    points: Object.fromEntries((one.parts ?? []).map(({part, points}) => [part, points])),
  }))
  const rows: Row[] = [...scored, ...rejected.map(({node, reason}) => ({node, why: reason}))]
  const unused = PARTS.filter((part) => scored.every(({points = {}}) => points[part] === undefined))
  const used = columns.filter(({key}) => !unused.some((part) => key === `points.${part}`))
  return renderTable(rows, used, {header: true}).trimEnd()
}
