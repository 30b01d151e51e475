import type {NodeStorageRow, StorageOnNode, StorageRow, VolumeRow} from '../services/storage-service.js'
import type {GuestUsage, StorageUsage} from '../services/storage-usage-service.js'
import type {Column} from './output/columns.js'
import {asBytes, asPercent, asTime} from './output/human.js'

const facts = [
  {key: 'content'},
  {key: 'usedBytes', header: 'USED', format: asBytes, align: 'right'},
  {key: 'totalBytes', header: 'TOTAL', format: asBytes, align: 'right'},
  {key: 'usedFraction', header: 'USE%', format: asPercent, align: 'right'},
  {key: 'enabled', default: false},
] as const

/** Storages, wherever they are. */
export const storageColumns: readonly Column<NodeStorageRow | StorageRow>[] = [
  {key: 'storage', whole: true},
  {key: 'type'},
  {key: 'status'},
  {key: 'shared'},
  {key: 'nodes'},
  ...facts,
]

/** Storages, node by node. */
export const nodeStorageColumns: readonly Column<NodeStorageRow | StorageRow>[] = [
  {key: 'storage', whole: true},
  {key: 'node'},
  {key: 'type'},
  {key: 'status'},
  {key: 'shared'},
  ...facts,
]

/** What nodes make of one storage. */
export const stateColumns: readonly Column<StorageOnNode>[] = [
  {key: 'node'},
  {key: 'state'},
  {key: 'usedBytes', header: 'USED', format: asBytes, align: 'right'},
  {key: 'freeBytes', header: 'FREE', format: asBytes, align: 'right'},
  {key: 'totalBytes', header: 'TOTAL', format: asBytes, align: 'right'},
  {key: 'error'},
]

/** What lies on a storage. */
export const volumeColumns: readonly Column<VolumeRow>[] = [
  {key: 'volume', whole: true},
  {key: 'node'},
  {key: 'content', header: 'TYPE'},
  {key: 'format'},
  {key: 'sizeBytes', header: 'SIZE', format: asBytes, align: 'right'},
  {key: 'usedBytes', header: 'USED', format: asBytes, align: 'right', default: false},
  {key: 'vmid', header: 'VMID', align: 'right'},
  {key: 'guest'},
  {key: 'createdAt', header: 'CREATED', format: asTime},
  {key: 'storage', default: false},
  {key: 'guestType', default: false},
  {key: 'parent', default: false},
  {key: 'notes', default: false},
  {key: 'protected', default: false},
  {key: 'verification', default: false},
  {key: 'encrypted', default: false},
]

const volumes = (kind: string, header: string) =>
  ({key: `volumes.${kind}.sizeBytes`, header, format: asBytes, align: 'right'}) as const

/** How full storages are, and of what. */
export const usageColumns: readonly Column<StorageUsage>[] = [
  {key: 'storage', whole: true},
  {key: 'node'},
  {key: 'type'},
  {key: 'usedBytes', header: 'USED', format: asBytes, align: 'right'},
  {key: 'freeBytes', header: 'FREE', format: asBytes, align: 'right'},
  {key: 'totalBytes', header: 'TOTAL', format: asBytes, align: 'right'},
  {key: 'usedFraction', header: 'USE%', format: asPercent, align: 'right'},
  volumes('images', 'VM DISKS'),
  volumes('rootdir', 'CT DISKS'),
  volumes('iso', 'ISO'),
  volumes('vztmpl', 'TEMPLATES'),
  volumes('backup', 'BACKUPS'),
  {...volumes('snippets', 'SNIPPETS'), default: false},
  {...volumes('import', 'IMPORT'), default: false},
  {key: 'shared', default: false},
  {key: 'error', default: false},
]

/** What belongs to guests. */
export const guestUsageColumns: readonly Column<GuestUsage>[] = [
  {key: 'vmid', header: 'VMID', align: 'right'},
  {key: 'name'},
  {key: 'type'},
  {key: 'node'},
  {key: 'disks.count', header: 'DISKS', align: 'right'},
  {key: 'disks.sizeBytes', header: 'SIZE', format: asBytes, align: 'right'},
  {key: 'disks.usedBytes', header: 'USED', format: asBytes, align: 'right'},
  {key: 'backups.count', header: 'BACKUPS', align: 'right'},
  {key: 'backups.sizeBytes', header: 'SIZE', format: asBytes, align: 'right'},
  {key: 'newestBackupAt', header: 'NEWEST', format: asTime},
  {key: 'storages'},
]
