import {NewGuestRepository} from '../../repositories/new-guest-repository.js'
import {NodeStorageRepository} from '../../repositories/node-storage-repository.js'
import {TemplateRepository} from '../../repositories/template-repository.js'
import {ContainerCreateService} from '../../services/container-create-service.js'
import {ContainerSourceService} from '../../services/container-source-service.js'
import {NewGuestService} from '../../services/new-guest-service.js'
import {VmFinishService} from '../../services/vm-finish-service.js'
import {VmidPicker} from '../../services/vmid-picker.js'
import type {Services} from '../services.js'

export function containerCreate({parts, tasks}: Services): ContainerCreateService {
  const {cluster, connection, guests, qemu, releases, taskList, timing} = parts
  return new ContainerCreateService(
    cluster,
    new ContainerSourceService(
      new NodeStorageRepository(connection),
      new TemplateRepository(connection),
      releases,
      tasks,
    ),
    new NewGuestService(
      new VmidPicker(cluster, timing),
      new NewGuestRepository(connection),
      guests,
      taskList,
      tasks,
      timing,
    ),
    new VmFinishService(guests, qemu, tasks),
  )
}
