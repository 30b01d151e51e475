import {AccessRepository} from '../../repositories/access-repository.js'
import {NodeLimit} from '../../services/node-limit.js'
import {TaskListService} from '../../services/task-list-service.js'
import type {Services} from '../services.js'

export function taskListService({guests, parts}: Services): TaskListService {
  const {cluster, connection, taskList} = parts
  return new TaskListService(taskList, cluster, guests, new AccessRepository(connection), new NodeLimit())
}
