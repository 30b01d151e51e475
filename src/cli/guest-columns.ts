import type {Guest} from '../domain/guest.js'
import {asBytes, asPercent, asUptime} from './output/human.js'
import type {Column} from './output/columns.js'

const asList = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value))

/** The table of VMs, containers and templates. */
export const guestColumns: readonly Column<Guest>[] = [
  {key: 'vmid', header: 'VMID', align: 'right'},
  {key: 'name'},
  {key: 'type', default: false},
  {key: 'node'},
  {key: 'status'},
  {key: 'template', default: false},
  {key: 'cpus', header: 'CPUS', align: 'right'},
  {key: 'cpuUsage', header: 'CPU', format: asPercent, align: 'right'},
  {key: 'memoryBytes', header: 'MEMORY', format: asBytes, align: 'right'},
  {key: 'memoryUsedBytes', header: 'MEMORY USED', format: asBytes, align: 'right', default: false},
  {key: 'diskBytes', header: 'DISK', format: asBytes, align: 'right'},
  {key: 'diskUsedBytes', header: 'DISK USED', format: asBytes, align: 'right', default: false},
  {key: 'netInBytes', header: 'NET IN', format: asBytes, align: 'right', default: false},
  {key: 'netOutBytes', header: 'NET OUT', format: asBytes, align: 'right', default: false},
  // Proxmox VE reports 0 for what is stopped.
  {key: 'uptimeSeconds', header: 'UPTIME', format: (value) => (value === 0 ? '-' : asUptime(value)), align: 'right'},
  {key: 'tags', format: asList},
  {key: 'pool', default: false},
  {key: 'lock', default: false},
  {key: 'haState', header: 'HA', default: false},
]

/** The same with the addresses, which are shown only when they were asked for. */
export const addressColumns: readonly Column<Guest>[] = guestColumns.flatMap((column) =>
  column.key === 'status' ? [column, {key: 'ipAddresses', header: 'ADDRESSES', format: asList}] : [column],
)
