import {NewGuestRepository} from '../../repositories/new-guest-repository.js'
import {NewGuestService} from '../../services/new-guest-service.js'
import {VmidPicker} from '../../services/vmid-picker.js'
import type {Services} from '../services.js'

export function newGuestService({parts, tasks}: Services): NewGuestService {
  const {cluster, connection, guests, taskList, timing} = parts
  return new NewGuestService(
    new VmidPicker(cluster, timing),
    new NewGuestRepository(connection),
    guests,
    taskList,
    tasks,
    timing,
  )
}
