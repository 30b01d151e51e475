import {ConfigRepository} from '../../repositories/config-repository.js'
import {ConfigService} from '../../services/config-service.js'
import type {Services} from '../services.js'

export function configService({parts, tasks}: Services): ConfigService {
  return new ConfigService(parts.cluster, parts.guests, new ConfigRepository(parts.connection), parts.releases, tasks)
}
