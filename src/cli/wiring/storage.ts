import {NodeStorageRepository} from '../../repositories/node-storage-repository.js'
import {StorageRepository} from '../../repositories/storage-repository.js'
import {StorageService} from '../../services/storage-service.js'
import {StorageChangeService} from '../../services/storage-change-service.js'
import {StorageUsageService} from '../../services/storage-usage-service.js'
import type {Services} from '../services.js'

export function storageService({parts}: Services): StorageService {
  const {cluster, connection} = parts
  return new StorageService(new StorageRepository(connection), new NodeStorageRepository(connection), cluster)
}

export function storageUsageService({parts}: Services): StorageUsageService {
  const {cluster, connection} = parts
  return new StorageUsageService(new StorageRepository(connection), new NodeStorageRepository(connection), cluster)
}

export function storageChangeService(services: Services): StorageChangeService {
  const {cluster, connection, releases} = services.parts
  return new StorageChangeService(new StorageRepository(connection), storageService(services), cluster, releases)
}
