import {DownloadRepository} from '../../repositories/download-repository.js'
import {NodeStorageRepository} from '../../repositories/node-storage-repository.js'
import {ImageService} from '../../services/image-service.js'
import {VmCloneMaker} from '../../services/vm-clone-maker.js'
import {VmCreateService} from '../../services/vm-create-service.js'
import {VmFinishService} from '../../services/vm-finish-service.js'
import {VmNewMaker} from '../../services/vm-new-maker.js'
import {VolumeFinder} from '../../services/volume-finder.js'
import type {Services} from '../services.js'
import {cloneService} from './clone.js'
import {newGuestService} from './new-guest.js'
import {waitService} from './wait.js'

export function vmCreate(services: Services): VmCreateService {
  const {parts, tasks} = services
  const {cluster, connection, guests, qemu, releases, taskList, timing, visibility} = parts
  const storages = new NodeStorageRepository(connection)
  return new VmCreateService(
    cluster,
    new VmCloneMaker(guests, visibility, cloneService(services)),
    new VmNewMaker({
      creations: newGuestService(services),
      images: new ImageService(new DownloadRepository(connection), storages, taskList, tasks, timing),
      volumes: new VolumeFinder(storages),
      releases,
      timing,
    }),
    new VmFinishService(guests, qemu, tasks, waitService()(services)),
    releases,
  )
}
