import type {CreatedContainer} from '../../services/container-create-service.js'
import type {Column} from './columns.js'
import {renderTable} from './table.js'

const columns: readonly Column<CreatedContainer>[] = [
  {key: 'vmid', header: 'VMID', align: 'right'},
  {key: 'name'},
  {key: 'node'},
  {key: 'status'},
  {key: 'source', header: 'MADE OF', format: (value) => (value as CreatedContainer['source']).volume},
  {
    key: 'task',
    header: 'TOOK',
    format: (value) => `${(value as CreatedContainer['task']).durationSeconds}s`,
    align: 'right',
  },
]

export function createdContainerText(created: CreatedContainer): string {
  return renderTable([created], columns, {header: true}).trimEnd()
}
