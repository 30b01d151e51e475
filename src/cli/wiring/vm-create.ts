import {VmCreateService} from '../../services/vm-create-service.js'
import {VmFinishService} from '../../services/vm-finish-service.js'
import type {Services} from '../services.js'
import {cloneService} from './clone.js'

export function vmCreate({parts, tasks}: Services): VmCreateService {
  const {cluster, guests, qemu, visibility} = parts
  return new VmCreateService(
    cluster,
    guests,
    visibility,
    cloneService({parts, tasks}),
    new VmFinishService(guests, qemu, tasks),
  )
}
