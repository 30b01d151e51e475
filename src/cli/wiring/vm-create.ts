import {DownloadRepository} from '../../repositories/download-repository.js'
import {NodeStorageRepository} from '../../repositories/node-storage-repository.js'
import {GuestCloneMaker} from '../../services/guest-clone-maker.js'
import type {GuestCreateService} from '../../services/guest-create-service.js'
import {ImageService} from '../../services/image-service.js'
import {vmClones} from '../../services/vm-clone-recipe.js'
import type {VmCreateRequest} from '../../services/vm-create-request.js'
import {VmCreation} from '../../services/vm-creation.js'
import {VmNewMaker} from '../../services/vm-new-maker.js'
import {VolumeFinder} from '../../services/volume-finder.js'
import type {Services} from '../services.js'
import {guestCreate} from './guest-create.js'

export function vmCreate(services: Services): GuestCreateService<VmCreateRequest> {
  const {parts, tasks} = services
  const {connection, releases, taskList, timing} = parts
  const storages = new NodeStorageRepository(connection)
  const images = new ImageService(new DownloadRepository(connection), storages, taskList, tasks, timing)
  return guestCreate(
    services,
    (tools) =>
      new VmCreation(
        new GuestCloneMaker(vmClones, tools),
        new VmNewMaker({...tools, images, volumes: new VolumeFinder(storages), releases, timing}),
        releases,
      ),
  )
}
