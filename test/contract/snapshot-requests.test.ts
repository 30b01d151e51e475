import {NodeRepository} from '../../src/repositories/node-repository.js'
import {SnapshotRepository} from '../../src/repositories/snapshot-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

const vm = {vmid: 100, name: 'web', type: 'qemu', node: 'pve1'} as const
const container = {...vm, vmid: 200, type: 'lxc'} as const

describe('requests about snapshots', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const snapshots = new SnapshotRepository(connection)
      return [
        ...[vm, container].flatMap((guest) => [
          snapshots.list(guest),
          snapshots.config(guest, 'before'),
          snapshots.possible(guest),
          snapshots.create(guest, {name: 'before', description: 'first line\nhomelab:auto'}),
          snapshots.rollback(guest, 'before', false),
          snapshots.rollback(guest, 'before', true),
          snapshots.delete(guest, 'before', false),
          snapshots.delete(guest, 'before', true),
        ]),
        snapshots.create(vm, {name: 'before', ram: true}),
        snapshots.storageRules(),
        new NodeRepository(connection).timeZone('pve1'),
      ]
    }),
  )
})
