import {parseUpid} from '../../src/domain/upid.js'
import {AccessRepository} from '../../src/repositories/access-repository.js'
import {ConsoleRepository} from '../../src/repositories/console-repository.js'
import {ClusterRepository} from '../../src/repositories/cluster-repository.js'
import {GuestRepository} from '../../src/repositories/guest-repository.js'
import {QemuRepository} from '../../src/repositories/qemu-repository.js'
import {NodeRepository} from '../../src/repositories/node-repository.js'
import {TaskRepository} from '../../src/repositories/task-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

const vm = {vmid: 100, name: 'web', type: 'qemu', node: 'pve1'} as const
const container = {...vm, type: 'lxc'} as const
const task = parseUpid('UPID:pve1:00000B39:000A4CE3:6B017633:qmclone:100:root@pam!t1:')!

const everything = requestsOf((connection) => {
  const cluster = new ClusterRepository(connection)
  const guests = new GuestRepository(connection)
  const qemu = new QemuRepository(connection)
  const nodes = new NodeRepository(connection)
  const tasks = new TaskRepository(connection)
  const access = new AccessRepository(connection)
  const consoles = new ConsoleRepository(connection)
  const shared = [vm, container].flatMap((guest) => [
    guests.config(guest),
    guests.status(guest),
    guests.start(guest),
    guests.stop(guest),
    guests.shutdown(guest, {timeoutSeconds: 30, force: true}),
    guests.reboot(guest, {timeoutSeconds: 30}),
    guests.delete(guest, {purge: true, unreferencedDisks: true}),
  ])
  return [
    ...shared,
    access.version(),
    consoles.openGuest(vm, 'serial1'),
    consoles.openGuest(vm),
    consoles.openGuest(container),
    consoles.openNode('pve1'),
    consoles.liveConfig(vm),
    access.permissions(),
    access.createToken('root@pam', 'cli', {comment: 'homelab', privilegeSeparation: true}),
    access.deleteToken('root@pam', 'cli'),
    access.grantToToken('root@pam!cli', 'PVEVMAdmin,PVEDatastoreUser', '/'),
    cluster.resources(),
    cluster.resources('vm'),
    cluster.resources('node'),
    cluster.resources('storage'),
    cluster.status(),
    cluster.nextId(),
    cluster.vmidRange(),
    guests.clone(vm, {
      newid: 120,
      name: 'copy',
      full: true,
      target: 'pve2',
      storage: 'nas',
      pool: 'lab',
      description: 'a\nb',
    }),
    qemu.reset(vm),
    qemu.suspend(vm, false),
    qemu.suspend(vm, true),
    qemu.resume(vm),
    nodes.status('pve1'),
    nodes.votes(),
    tasks.status(task),
    tasks.log(task, 5, 0),
    tasks.stop(task),
    tasks.recent(),
    tasks.list('pve1', {
      vmid: 100,
      type: 'qmclone',
      user: 'root',
      since: new Date(1e12),
      until: new Date(2e12),
      source: 'all',
      limit: 10,
      errorsOnly: true,
    }),
  ]
})

describe('requests of the repositories', () => itSendsValidRequests(everything))
