import {DownloadRepository} from '../../repositories/download-repository.js'
import {NewGuestRepository} from '../../repositories/new-guest-repository.js'
import {NodeStorageRepository} from '../../repositories/node-storage-repository.js'
import {ImageService} from '../../services/image-service.js'
import {NewGuestService} from '../../services/new-guest-service.js'
import {VmCloneMaker} from '../../services/vm-clone-maker.js'
import {VmCreateService} from '../../services/vm-create-service.js'
import {VmFinishService} from '../../services/vm-finish-service.js'
import {VmNewMaker} from '../../services/vm-new-maker.js'
import {VmidPicker} from '../../services/vmid-picker.js'
import {VolumeFinder} from '../../services/volume-finder.js'
import type {Services} from '../services.js'
import {cloneService} from './clone.js'
import {waitService} from './wait.js'

export function vmCreate(services: Services): VmCreateService {
  const {parts, tasks} = services
  const {cluster, connection, guests, qemu, releases, taskList, timing, visibility} = parts
  const storages = new NodeStorageRepository(connection)
  const creations = new NewGuestService(
    new VmidPicker(cluster, timing),
    new NewGuestRepository(connection),
    guests,
    taskList,
    tasks,
    timing,
  )
  return new VmCreateService(
    cluster,
    new VmCloneMaker(guests, visibility, cloneService(services)),
    new VmNewMaker({
      creations,
      images: new ImageService(new DownloadRepository(connection), storages, taskList, tasks, timing),
      volumes: new VolumeFinder(storages),
      releases,
      timing,
    }),
    new VmFinishService(guests, qemu, tasks, waitService()(services)),
    releases,
  )
}
