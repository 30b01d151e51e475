import {GuestJobRepository} from '../../repositories/guest-job-repository.js'
import {NodeStorageRepository} from '../../repositories/node-storage-repository.js'
import {DeleteService} from '../../services/delete-service.js'
import type {Services} from '../services.js'
import {powerService} from './power.js'

export function deleteService(services: Services): DeleteService {
  const {parts, tasks} = services
  const {cluster, connection, guests, taskList, timing} = parts
  return new DeleteService({
    cluster,
    guests,
    taskList,
    tasks,
    timing,
    jobs: new GuestJobRepository(connection),
    storages: new NodeStorageRepository(connection),
    power: powerService(services),
  })
}
