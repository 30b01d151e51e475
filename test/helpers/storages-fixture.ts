import type {Fixture} from '../../src/simulator/fixtures/fixture.js'
import {storageFixture} from './storage-fixture.js'

const GIB = 1024 ** 3

/** `storageFixture` and what several nodes see the same: a file server, and a backup server with a backup of each kind. */
export function storagesFixture(): Fixture {
  const base = storageFixture('files')
  return {
    ...base,
    storages: [
      ...base.storages!,
      {
        storage: 'nas',
        type: 'nfs',
        path: '/mnt/pve/nas',
        content: ['images', 'iso', 'backup'],
        shared: 1,
        totalBytes: 4096 * GIB,
        usedBytes: 900 * GIB,
        options: {server: '192.0.2.20', export: '/srv/nas'},
      },
      {
        storage: 'vault',
        type: 'pbs',
        content: ['backup'],
        shared: 1,
        totalBytes: 8192 * GIB,
        usedBytes: 1024 * GIB,
        options: {server: '192.0.2.30', datastore: 'main', username: 'backup@pbs!homelab'},
      },
      {
        storage: 'attic',
        type: 'dir',
        path: '/srv/attic',
        content: ['backup'],
        enabled: 0,
        totalBytes: 10 * GIB,
      },
    ],
    volumes: [
      ...base.volumes!,
      {volid: 'nas:iso/alpine.iso', content: 'iso', format: 'iso', size: 60_000_000},
      {
        volid: 'vault:backup/vm/100/2026-01-02T03:04:05Z',
        content: 'backup',
        format: 'pbs-vm',
        size: 8 * GIB,
        ctime: 1_767_323_045,
        notes: 'web\nbefore the upgrade',
        protected: true,
      },
      {
        volid: 'vault:backup/ct/200/2026-01-02T03:10:00Z',
        content: 'backup',
        format: 'pbs-ct',
        size: GIB,
        ctime: 1_767_323_400,
      },
      {
        node: 'pve1',
        volid: 'thin:vm-900-disk-0',
        content: 'images',
        format: 'raw',
        size: 4 * GIB,
      },
    ],
  }
}
