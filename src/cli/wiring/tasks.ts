import {AccessRepository} from '../../repositories/access-repository.js'
import {NodeLimit} from '../../services/node-limit.js'
import {TaskListService} from '../../services/task-list-service.js'
import {TaskWhyService} from '../../services/task-why-service.js'
import type {Services} from '../services.js'

export function taskListService({guests, parts}: Services): TaskListService {
  const {cluster, connection, taskList} = parts
  return new TaskListService(taskList, cluster, guests, new AccessRepository(connection), new NodeLimit())
}

export function taskWhyService({parts, tasks}: Services): TaskWhyService {
  return new TaskWhyService(tasks, parts.cluster)
}
