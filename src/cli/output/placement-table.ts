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
  readonly why?: string
}

const part = (name: ScorePart['part']): Column<Row> => ({
  key: name,
  align: 'right',
  format: (_, {parts = []}) => {
    const one = parts.find((own) => own.part === name)
    return one === undefined ? '' : one.points.toFixed(1)
  },
})

const columns: readonly Column<Row>[] = [
  {key: 'node'},
  {key: 'score', align: 'right', format: (value) => (value === undefined ? '' : Number(value).toFixed(1))},
  ...(['memory', 'spread', 'affinity', 'cpu', 'stay'] as const).map((name) => part(name)),
  {
    key: 'freeMemoryAfterBytes',
    header: 'FREE AFTER',
    align: 'right',
    format: (value) => (value === undefined ? '' : formatSize(Math.max(0, Number(value)))),
  },
  {key: 'guestCount', header: 'GUESTS', align: 'right'},
  {key: 'why', header: 'WHY NOT'},
]

/** Nodes with the points of each part of their score, best first; then those that are out, with the reason. */
export function placementTable(ranked: readonly Ranked[], rejected: readonly Rejection[]): string {
  const rows: Row[] = [...ranked, ...rejected.map(({node, reason}) => ({node, why: reason}))]
  const used = columns.filter(
    ({key}) =>
      !['affinity', 'cpu', 'memory', 'spread', 'stay'].includes(key) ||
      ranked.some(({parts = []}) => parts.some((one) => one.part === key)),
  )
  return renderTable(rows, used, {header: true}).trimEnd()
}
