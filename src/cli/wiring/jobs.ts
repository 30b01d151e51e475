import {BackupJobRepository} from '../../repositories/backup-job-repository.js'
import {BackupRepository} from '../../repositories/backup-repository.js'
import {BackupJobService} from '../../services/backup-job-service.js'
import {JobNextService} from '../../services/job-next-service.js'
import type {Services} from '../services.js'

export function backupJobService({parts}: Services): BackupJobService {
  const {cluster, connection, releases, timing} = parts
  return new BackupJobService(new BackupJobRepository(connection), cluster, releases, timing)
}

export function jobNextService({parts}: Services): JobNextService {
  const {cluster, connection, timing} = parts
  return new JobNextService(new BackupJobRepository(connection), new BackupRepository(connection), cluster, timing)
}
