import {BackupRepository} from '../../repositories/backup-repository.js'
import {BackupInventoryService} from '../../services/backup-inventory.js'
import {BackupChangeService} from '../../services/backup-change-service.js'
import {BackupPruneService} from '../../services/backup-prune-service.js'
import {BackupRunService} from '../../services/backup-run-service.js'
import {BackupWatch} from '../../services/backup-watch.js'
import type {Services} from '../services.js'
import {storageCheck} from './devices.js'

export function backupRepository({parts}: Services): BackupRepository {
  return new BackupRepository(parts.connection)
}

export function backupInventory(services: Services): BackupInventoryService {
  return new BackupInventoryService(services.parts.cluster, backupRepository(services))
}

/** How long a node may be offline before a backup that ran there is given up. */
const NODE_GRACE_MS = 60_000

export function backupRunService(services: Services): BackupRunService {
  const {cluster, guests, releases, taskList, timing} = services.parts
  return new BackupRunService({
    backups: backupRepository(services),
    cluster,
    guests,
    releases,
    storages: storageCheck(services),
    taskList,
    timing,
    watch: new BackupWatch(taskList, cluster, timing, NODE_GRACE_MS),
  })
}

export function backupChanges(services: Services): BackupChangeService {
  return new BackupChangeService(backupRepository(services), services.tasks)
}

export function backupPruneService(services: Services): BackupPruneService {
  return new BackupPruneService(services.parts.cluster, backupRepository(services), services.tasks)
}
