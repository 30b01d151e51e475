import {DeviceRepository} from '../../repositories/device-repository.js'
import {TemplateService} from '../../services/template-service.js'
import type {Services} from '../services.js'

export function templateService({parts, tasks}: Services): TemplateService {
  const {cluster, connection, guests, taskList, timing} = parts
  return new TemplateService({cluster, guests, taskList, tasks, timing, devices: new DeviceRepository(connection)})
}
