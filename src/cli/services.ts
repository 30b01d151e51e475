import type {Connection} from '../proxmox/connection.js'
import {AccessRepository} from '../repositories/access-repository.js'
import {ApiRepository} from '../repositories/api-repository.js'
import {ClusterRepository} from '../repositories/cluster-repository.js'
import {GuestRepository, QemuRepository} from '../repositories/guest-repository.js'
import {NodeRepository} from '../repositories/node-repository.js'
import {TaskRepository} from '../repositories/task-repository.js'
import {CloneService} from '../services/clone-service.js'
import {ClusterService} from '../services/cluster-service.js'
import {GuestService} from '../services/guest-service.js'
import type {Timing} from '../services/patience.js'
import {TaskService} from '../services/task-service.js'
import {VmCreateService} from '../services/vm-create-service.js'
import {Visibility} from '../services/visibility.js'
import {VmFinishService} from '../services/vm-finish-service.js'

/** The use cases, wired to one connection. */
export interface Services {
  readonly api: ApiRepository
  readonly cluster: ClusterService
  readonly guests: GuestService
  readonly tasks: TaskService
  readonly vmCreate: VmCreateService
}

export function createServices(connection: Pick<Connection, 'api' | 'request'>, timing: Timing): Services {
  const cluster = new ClusterRepository(connection)
  const guests = new GuestRepository(connection)
  const qemu = new QemuRepository(connection)
  const taskList = new TaskRepository(connection)
  const tasks = new TaskService(taskList, timing)
  const visibility = new Visibility(new AccessRepository(connection))
  return {
    api: new ApiRepository(connection),
    cluster: new ClusterService(cluster, new NodeRepository(connection)),
    guests: new GuestService(cluster, visibility, guests, qemu, tasks, timing),
    tasks,
    vmCreate: new VmCreateService(
      cluster,
      guests,
      visibility,
      new CloneService(cluster, qemu, taskList, tasks, timing),
      new VmFinishService(guests, qemu, tasks),
    ),
  }
}
