import {BackupJobRepository} from '../../repositories/backup-job-repository.js'
import {BackupRepository} from '../../repositories/backup-repository.js'
import {BackupCoverageService} from '../../services/backup-coverage-service.js'
import {BackupJobService} from '../../services/backup-job-service.js'
import {JobNextService} from '../../services/job-next-service.js'
import {NodeLimit} from '../../services/node-limit.js'
import type {Services} from '../services.js'
import {backupInventory} from './backup.js'

export function backupJobService({parts}: Services): BackupJobService {
  const {cluster, connection, releases, timing} = parts
  return new BackupJobService(new BackupJobRepository(connection), cluster, releases, timing)
}

export function jobNextService({parts}: Services): JobNextService {
  const {cluster, connection, timing} = parts
  return new JobNextService(new BackupJobRepository(connection), new BackupRepository(connection), cluster, timing)
}

export function coverageService(services: Services): BackupCoverageService {
  const {cluster, connection, guests, timing} = services.parts
  return new BackupCoverageService({
    jobs: new BackupJobRepository(connection),
    inventory: backupInventory(services),
    finder: services.guests,
    guests,
    cluster,
    limit: new NodeLimit(),
    clock: timing,
  })
}
