import type {CreatedVm, PlacementReport} from '../../services/vm-create-report.js'
import type {Column} from './columns.js'
import {renderTable} from './table.js'

const columns: readonly Column<CreatedVm>[] = [
  {key: 'vmid', header: 'VMID', align: 'right'},
  {key: 'name'},
  {key: 'node'},
  {key: 'status'},
  {
    key: 'source',
    header: 'TEMPLATE',
    format: (value) => (value as CreatedVm['source']).name ?? String((value as CreatedVm['source']).vmid),
  },
  {key: 'task', header: 'TOOK', format: (value) => `${(value as CreatedVm['task']).durationSeconds}s`, align: 'right'},
]

/** One line on the decision, and why each other node is out. */
export function placementLines({node, reason, rejected}: PlacementReport): string[] {
  const others = rejected.map((other) => `${other.node}: ${other.reason}`).join('; ')
  const known = others === '' || reason.includes(others)
  return [`on ${node}: ${reason}${known ? '' : ` (not ${others})`}`]
}

export function createdVmText(created: CreatedVm): string {
  return renderTable([created], columns, {header: true}).trimEnd()
}
