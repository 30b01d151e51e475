import {BackupRepository} from '../../repositories/backup-repository.js'
import {NewGuestRepository} from '../../repositories/new-guest-repository.js'
import {BackupInventoryService} from '../../services/backup-inventory.js'
import {BackupChangeService} from '../../services/backup-change-service.js'
import {BackupPruneService} from '../../services/backup-prune-service.js'
import {BackupRestoreService} from '../../services/backup-restore-service.js'
import {BackupRunService} from '../../services/backup-run-service.js'
import {BackupWatch} from '../../services/backup-watch.js'
import {RestorePreparation} from '../../services/restore-preparation.js'
import type {Services} from '../services.js'
import {storageCheck} from './devices.js'
import {newGuestService} from './new-guest.js'
import {reachCheck} from './placement.js'
import {powerService} from './power.js'

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

export function restorePreparation(services: Services): RestorePreparation {
  const {cluster, guests} = services.parts
  return new RestorePreparation({
    backups: backupRepository(services),
    cluster,
    creations: newGuestService(services),
    guests,
    inventory: backupInventory(services),
    reach: reachCheck(services),
  })
}

export function backupRestoreService(services: Services): BackupRestoreService {
  const {parts, tasks} = services
  const {connection, guests, taskList, timing} = parts
  return new BackupRestoreService({
    creations: newGuestService(services),
    guests,
    newGuests: new NewGuestRepository(connection),
    power: powerService(services),
    runs: backupRunService(services),
    taskList,
    tasks,
    timing,
  })
}
