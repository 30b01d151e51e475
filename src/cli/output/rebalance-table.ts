import type {NodeMemoryPlan, PlannedMove} from '../../domain/move-plan.js'
import {formatSize} from '../../domain/size.js'
import type {Rebalance} from '../../services/rebalance-service.js'
import type {Column} from './columns.js'
import {renderTable} from './table.js'

const moveColumns: readonly Column<PlannedMove>[] = [
  {key: 'vmid', align: 'right'},
  {key: 'name'},
  {key: 'type'},
  {key: 'from'},
  {key: 'to'},
  {key: 'manner', header: 'HOW'},
  {key: 'memoryBytes', header: 'MEMORY', align: 'right', format: (value) => formatSize(Number(value))},
]

const share = (key: 'afterBytes' | 'beforeBytes', header: string): Column<NodeMemoryPlan> => ({
  key,
  header,
  align: 'right',
  format: (value, {memoryBytes}) => (memoryBytes === undefined ? '' : percent(Number(value) / memoryBytes)),
})

const nodeColumns: readonly Column<NodeMemoryPlan>[] = [
  {key: 'node'},
  {
    key: 'memoryBytes',
    header: 'MEMORY',
    align: 'right',
    format: (value) => (value === undefined ? '' : formatSize(Number(value))),
  },
  share('beforeBytes', 'TAKEN BEFORE'),
  share('afterBytes', 'TAKEN AFTER'),
]

/** Nodes before and after, and the moves between, in their order. */
export function rebalanceTables({imbalanceAfter, imbalanceBefore, moves, nodes}: Rebalance): string {
  const figures = renderTable(nodes, nodeColumns, {header: true}).trimEnd()
  if (moves.length === 0) return `${figures}\nImbalance: ${percent(imbalanceBefore)}`
  return [
    renderTable(moves, moveColumns, {header: true}).trimEnd(),
    figures,
    `Imbalance: ${percent(imbalanceBefore)} -> ${percent(imbalanceAfter)}`,
  ].join('\n\n')
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)}%`
}
