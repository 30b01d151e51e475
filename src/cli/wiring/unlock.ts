import {UnlockService} from '../../services/unlock-service.js'
import type {Services} from '../services.js'

export function unlockService({parts}: Services): UnlockService {
  return new UnlockService(parts.cluster, parts.guests, parts.taskList)
}
