import {BackupRepository} from '../../repositories/backup-repository.js'
import {NewGuestRepository} from '../../repositories/new-guest-repository.js'
import {BackupDispatch} from '../../services/backup-dispatch.js'
import {BackupInventoryService} from '../../services/backup-inventory.js'
import {BackupChangeService} from '../../services/backup-change-service.js'
import {BackupProof} from '../../services/backup-proof.js'
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

const NODE_GRACE_MS = 60_000

/** @param graceMs how long a node may be offline before a backup that ran there is given up */
export function backupRunService(services: Services, graceMs = NODE_GRACE_MS): BackupRunService {
  const {cluster, guests, releases, taskList, timing} = services.parts
  const backups = backupRepository(services)
  const watch = new BackupWatch(taskList, cluster, timing, graceMs)
  return new BackupRunService({
    backups,
    cluster,
    dispatch: new BackupDispatch({backups, taskList, timing, watch}),
    guests,
    proof: new BackupProof({backups, cluster, timing, watch}),
    releases,
    storages: storageCheck(services),
    taskList,
    timing,
    watch,
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
