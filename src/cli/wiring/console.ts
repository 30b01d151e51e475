import {ConsoleRepository} from '../../repositories/console-repository.js'
import {ConsoleService} from '../../services/console-service.js'
import type {Services} from '../services.js'

export function consoleService({parts}: Services): ConsoleService {
  const {cluster, connection, guests, taskList, timing} = parts
  return new ConsoleService(new ConsoleRepository(connection), guests, cluster, taskList, timing)
}
