import {CloneService} from '../../services/clone-service.js'
import {VmCreateService} from '../../services/vm-create-service.js'
import {VmFinishService} from '../../services/vm-finish-service.js'
import {VmidPicker} from '../../services/vmid-picker.js'
import type {Services} from '../services.js'

export function vmCreate({parts, tasks}: Services): VmCreateService {
  const {cluster, guests, qemu, taskList, timing, visibility} = parts
  return new VmCreateService(
    cluster,
    guests,
    visibility,
    new CloneService(new VmidPicker(cluster, timing), qemu, taskList, tasks, timing),
    new VmFinishService(guests, qemu, tasks),
  )
}
