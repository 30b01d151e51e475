import {PowerService} from '../../services/power-service.js'
import type {Services} from '../services.js'

export function powerService({parts, tasks}: Services): PowerService {
  const {cluster, guests, qemu, timing} = parts
  return new PowerService(cluster, guests, qemu, tasks, timing)
}
