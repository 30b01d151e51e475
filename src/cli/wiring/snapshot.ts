import {NodeRepository} from '../../repositories/node-repository.js'
import {NodeStorageRepository} from '../../repositories/node-storage-repository.js'
import {SnapshotRepository} from '../../repositories/snapshot-repository.js'
import {SnapshotCreateService} from '../../services/snapshot-create-service.js'
import {SnapshotDeleteService} from '../../services/snapshot-delete-service.js'
import type {SnapshotParts} from '../../services/snapshot-parts.js'
import {SnapshotRollbackService} from '../../services/snapshot-rollback-service.js'
import {SnapshotService} from '../../services/snapshot-service.js'
import type {Services} from '../services.js'
import {powerService} from './power.js'

export function snapshotService({parts}: Services): SnapshotService {
  return new SnapshotService(parts.cluster, parts.guests, new SnapshotRepository(parts.connection))
}

export function snapshotCreateService(services: Services): SnapshotCreateService {
  return new SnapshotCreateService(snapshotParts(services))
}

export function snapshotDeleteService(services: Services): SnapshotDeleteService {
  return new SnapshotDeleteService(snapshotParts(services), new NodeRepository(services.parts.connection))
}

export function snapshotRollbackService(services: Services): SnapshotRollbackService {
  return new SnapshotRollbackService(snapshotParts(services))
}

function snapshotParts(services: Services): SnapshotParts {
  const {cluster, connection, guests, taskList, timing} = services.parts
  return {
    cluster,
    guests,
    taskList,
    timing,
    tasks: services.tasks,
    snapshots: new SnapshotRepository(connection),
    storages: new NodeStorageRepository(connection),
    power: powerService(services),
  }
}
