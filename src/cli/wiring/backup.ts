import {BackupRepository} from '../../repositories/backup-repository.js'
import {BackupInventoryService} from '../../services/backup-inventory.js'
import type {Services} from '../services.js'

export function backupRepository({parts}: Services): BackupRepository {
  return new BackupRepository(parts.connection)
}

export function backupInventory(services: Services): BackupInventoryService {
  return new BackupInventoryService(services.parts.cluster, backupRepository(services))
}
