import {NodeStorageRepository} from '../../repositories/node-storage-repository.js'
import {TemplateRepository} from '../../repositories/template-repository.js'
import {ContainerCreateService} from '../../services/container-create-service.js'
import {ContainerSourceService} from '../../services/container-source-service.js'
import {VmFinishService} from '../../services/vm-finish-service.js'
import type {Services} from '../services.js'
import {newGuestService} from './new-guest.js'

export function containerCreate(services: Services): ContainerCreateService {
  const {parts, tasks} = services
  const {cluster, connection, guests, qemu, releases} = parts
  return new ContainerCreateService(
    cluster,
    new ContainerSourceService(
      new NodeStorageRepository(connection),
      new TemplateRepository(connection),
      releases,
      tasks,
    ),
    newGuestService(services),
    new VmFinishService(guests, qemu, tasks),
  )
}
