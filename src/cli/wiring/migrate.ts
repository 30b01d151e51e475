import {MigrateRepository} from '../../repositories/migrate-repository.js'
import {MigrateService} from '../../services/migrate-service.js'
import type {Services} from '../services.js'

export function migrateService({parts, tasks}: Services): MigrateService {
  const {cluster, connection, guests, releases, taskList, timing} = parts
  return new MigrateService(cluster, guests, new MigrateRepository(connection), taskList, tasks, releases, timing)
}
