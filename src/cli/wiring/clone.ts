import {ConfigRepository} from '../../repositories/config-repository.js'
import {CloneService} from '../../services/clone-service.js'
import {GuestCloneService} from '../../services/guest-clone-service.js'
import {VmidPicker} from '../../services/vmid-picker.js'
import type {Services} from '../services.js'
import {reachCheck} from './placement.js'

export function cloneService({parts, tasks}: Pick<Services, 'parts' | 'tasks'>): CloneService {
  const {cluster, guests, taskList, timing} = parts
  return new CloneService(new VmidPicker(cluster, timing), guests, taskList, tasks, timing)
}

export function guestCloneService(services: Services): GuestCloneService {
  const {cluster, connection, guests, timing, visibility} = services.parts
  return new GuestCloneService(
    cluster,
    guests,
    new ConfigRepository(connection),
    visibility,
    cloneService(services),
    new VmidPicker(cluster, timing),
    reachCheck(services),
  )
}
