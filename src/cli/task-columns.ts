import type {TaskSummary} from '../domain/task.js'
import {asTime, asUptime} from './output/human.js'
import type {Column} from './output/columns.js'

export const taskColumns: readonly Column<TaskSummary>[] = [
  {key: 'startedAt', header: 'STARTED', format: asTime},
  {key: 'node'},
  {key: 'type'},
  {key: 'id', header: 'ID'},
  {key: 'user'},
  {key: 'state'},
  {key: 'durationSeconds', header: 'TOOK', format: asUptime, align: 'right'},
  {key: 'endedAt', header: 'ENDED', format: asTime, default: false},
  {key: 'exitStatus', default: false},
  {key: 'upid', header: 'UPID', whole: true},
]
