import type {Backup} from '../domain/backup.js'
import {asBytes, asTime} from './output/human.js'
import type {Column} from './output/columns.js'

const asTick = (value: unknown): string => (value === true ? 'yes' : value === false ? 'no' : '')
const asFirstLine = (value: unknown): string => String(value ?? '').split('\n', 1)[0] ?? ''

/** The table of backups. */
export const backupColumns: readonly Column<Backup>[] = [
  {key: 'time', format: asTime},
  {key: 'vmid', header: 'VMID', align: 'right'},
  {key: 'guest'},
  {key: 'type', default: false},
  {key: 'sizeBytes', header: 'SIZE', format: asBytes, align: 'right'},
  {key: 'format', default: false},
  {key: 'protected', format: asTick},
  {key: 'verified', format: asTick, default: false},
  {key: 'encrypted', format: asTick, default: false},
  {key: 'notes', format: asFirstLine},
  {key: 'storage', default: false},
  {key: 'node', default: false},
  {key: 'shared', format: asTick, default: false},
  {key: 'volume', whole: true},
]
