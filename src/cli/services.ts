import type {Connection} from '../proxmox/connection.js'
import {AccessRepository} from '../repositories/access-repository.js'
import {ApiRepository} from '../repositories/api-repository.js'
import {ClusterRepository} from '../repositories/cluster-repository.js'
import {GuestRepository} from '../repositories/guest-repository.js'
import {NodeRepository} from '../repositories/node-repository.js'
import {QemuRepository} from '../repositories/qemu-repository.js'
import {TaskRepository} from '../repositories/task-repository.js'
import {ClusterService} from '../services/cluster-service.js'
import {GuestService} from '../services/guest-service.js'
import type {Timing} from '../services/patience.js'
import {ReleaseGate} from '../services/release-gate.js'
import {TaskService} from '../services/task-service.js'
import {Visibility} from '../services/visibility.js'

/** The use cases that most commands share, wired to one connection. */
export interface Services {
  readonly api: ApiRepository
  readonly cluster: ClusterService
  readonly guests: GuestService
  readonly tasks: TaskService
  /** What the services of a single noun are made of: see `wiring/`. */
  readonly parts: Parts
}

export interface Parts {
  readonly connection: Pick<Connection, 'api' | 'endpoints' | 'joinTerminal' | 'request' | 'upload'>
  readonly timing: Timing
  readonly releases: ReleaseGate
  readonly visibility: Visibility
  readonly cluster: ClusterRepository
  readonly guests: GuestRepository
  readonly qemu: QemuRepository
  readonly taskList: TaskRepository
}

/** Makes the services of one noun; a function of `wiring/`, so that only the commands that use them load them. */
export type Wiring<T> = (services: Services) => T

export function createServices(connection: Parts['connection'], timing: Timing): Services {
  const cluster = new ClusterRepository(connection)
  const guests = new GuestRepository(connection)
  const qemu = new QemuRepository(connection)
  const taskList = new TaskRepository(connection)
  const tasks = new TaskService(taskList, timing)
  const access = new AccessRepository(connection)
  const visibility = new Visibility(access)
  return {
    api: new ApiRepository(connection),
    cluster: new ClusterService(cluster, new NodeRepository(connection)),
    guests: new GuestService(cluster, visibility, guests),
    tasks,
    parts: {connection, timing, releases: new ReleaseGate(access), visibility, cluster, guests, qemu, taskList},
  }
}
