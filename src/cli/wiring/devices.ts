import {DeviceRepository} from '../../repositories/device-repository.js'
import {NodeRepository} from '../../repositories/node-repository.js'
import {NodeStorageRepository} from '../../repositories/node-storage-repository.js'
import {DeviceChanges} from '../../services/device-changes.js'
import {DiskGuards} from '../../services/disk-guards.js'
import {DiskPlaceService} from '../../services/disk-place-service.js'
import {DiskReleaseService} from '../../services/disk-release-service.js'
import {DiskService} from '../../services/disk-service.js'
import {NicService} from '../../services/nic-service.js'
import {StorageCheck} from '../../services/storage-check.js'
import type {Services} from '../services.js'

export function storageCheck({parts}: Services): StorageCheck {
  return new StorageCheck(new NodeStorageRepository(parts.connection), parts.cluster)
}

export function deviceChanges({guests, parts, tasks}: Services): DeviceChanges {
  return new DeviceChanges(guests, parts.cluster, new DeviceRepository(parts.connection), tasks)
}

function diskGuards(changes: DeviceChanges, {parts}: Services): DiskGuards {
  return new DiskGuards(parts.guests, changes.devices)
}

export function diskService(services: Services): DiskService {
  const changes = deviceChanges(services)
  return new DiskService(changes, diskGuards(changes, services), storageCheck(services))
}

export function diskPlaceService(services: Services): DiskPlaceService {
  return new DiskPlaceService(deviceChanges(services), storageCheck(services), services.parts.releases)
}

export function diskReleaseService(services: Services): DiskReleaseService {
  const changes = deviceChanges(services)
  return new DiskReleaseService(changes, diskGuards(changes, services), storageCheck(services))
}

export function nicService(services: Services): NicService {
  return new NicService(deviceChanges(services), new NodeRepository(services.parts.connection))
}
