import {BackupJobRepository} from '../../repositories/backup-job-repository.js'
import {BackupJobService} from '../../services/backup-job-service.js'
import type {Services} from '../services.js'

export function backupJobService({parts}: Services): BackupJobService {
  const {cluster, connection, releases, timing} = parts
  return new BackupJobService(new BackupJobRepository(connection), cluster, releases, timing)
}
