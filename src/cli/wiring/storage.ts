import {DeviceRepository} from '../../repositories/device-repository.js'
import {GuestJobRepository} from '../../repositories/guest-job-repository.js'
import {NodeStorageRepository} from '../../repositories/node-storage-repository.js'
import {StorageRepository} from '../../repositories/storage-repository.js'
import {StorageRemovalService} from '../../services/storage-removal-service.js'
import {StorageService} from '../../services/storage-service.js'
import {NodeLimit} from '../../services/node-limit.js'
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

export function storageRemovalService(services: Services): StorageRemovalService {
  const {cluster, connection} = services.parts
  return new StorageRemovalService({
    definitions: new StorageRepository(connection),
    storages: storageService(services),
    cluster,
    devices: new DeviceRepository(connection),
    jobs: new GuestJobRepository(connection),
    limit: new NodeLimit(),
  })
}
