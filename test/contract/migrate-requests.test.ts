import {MigrateRepository} from '../../src/repositories/migrate-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

const vm = {vmid: 100, name: 'web', type: 'qemu', node: 'pve1'} as const
const container = {...vm, type: 'lxc'} as const
const wish = {
  target: 'pve2',
  restart: true,
  localDisks: true,
  storageMap: 'nas:ceph,local-lvm:ceph',
  bandwidthKib: 1024,
  shutdownSeconds: 60,
}

describe('requests to move guests', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const migrations = new MigrateRepository(connection)
      return [
        migrations.check(vm),
        migrations.migrate(vm, {target: 'pve2'}, false),
        migrations.migrate(vm, wish, true),
        migrations.migrate(container, {target: 'pve2'}, false),
        migrations.migrate(container, wish, true),
      ]
    }),
  )
  itSendsValidRequests(
    requestsOf((connection) => [new MigrateRepository(connection).check(container)]),
    ['9.2'],
  )
})
