import {Secret} from '../../src/domain/secret.js'
import {NodeStorageRepository} from '../../src/repositories/node-storage-repository.js'
import {PhysicalDiskRepository} from '../../src/repositories/physical-disk-repository.js'
import {StorageRepository} from '../../src/repositories/storage-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

describe('requests about storages', () =>
  itSendsValidRequests(
    requestsOf((connection) => {
      const storages = new StorageRepository(connection)
      const nodes = new NodeStorageRepository(connection)
      return [
        storages.list(),
        storages.add('vault', 'pbs', {
          server: 'pbs.lan',
          datastore: 'main',
          username: 'backup@pbs!homelab',
          password: new Secret('very secret'),
          nodes: 'pve1,pve2',
          content: 'backup',
          'prune-backups': 'keep-last=3',
        }),
        storages.add('files', 'dir', {path: '/srv/files', content: 'iso,vztmpl', shared: true, disable: true}),
        storages.set('nas', {parameters: {content: 'iso', disable: false}, remove: ['nodes'], digest: 'a'.repeat(40)}),
        storages.set('nas', {remove: ['disable', 'nodes']}),
        storages.remove('nas'),
        nodes.list('pve1', {storage: 'nas'}),
        new PhysicalDiskRepository(connection).list('pve1'),
        nodes.volumes('pve1', 'nas', {content: 'backup', vmid: 100}),
      ]
    }),
  ))
