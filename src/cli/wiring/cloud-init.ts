import {ConfigRepository} from '../../repositories/config-repository.js'
import {CloudInitService} from '../../services/cloud-init-service.js'
import type {Services} from '../services.js'
import {configService} from './config.js'

export function cloudInitService(services: Services): CloudInitService {
  const {cluster, connection, releases} = services.parts
  return new CloudInitService(cluster, new ConfigRepository(connection), configService(services), releases)
}
