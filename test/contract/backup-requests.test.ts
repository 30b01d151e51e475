import {BackupRepository} from '../../src/repositories/backup-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

const VOLUME = 'nas:backup/vzdump-qemu-101-2026_01_02-03_04_05.vma.zst'

describe('requests about backups', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const backups = new BackupRepository(connection)
      const keep = 'keep-last=3,keep-daily=7'
      return [
        backups.run('pve1', {vmid: 101, storage: 'nas', mode: 'snapshot'}),
        backups.run('pve1', {
          vmid: 101,
          storage: 'nas',
          mode: 'stop',
          compress: 'zstd',
          'notes-template': '{{guestname}}\\nbefore',
          protected: true,
          bwlimit: 10_240,
          remove: false,
        }),
        backups.defaults('pve1'),
        backups.defaults('pve1', 'nas'),
        backups.list('pve1', 'nas'),
        backups.list('pve1', 'nas', 101),
        backups.facts('pve1', 'nas', VOLUME),
        backups.change('pve1', 'nas', VOLUME, {notes: 'a\nb'}),
        backups.change('pve1', 'nas', VOLUME, {notes: ''}),
        backups.change('pve1', 'nas', VOLUME, {protected: false}),
        backups.delete('pve1', 'nas', VOLUME),
        backups.config('pve1', VOLUME),
        backups.prunePlan('pve1', 'nas', {keep}),
        backups.prune('pve1', 'nas', {keep, vmid: 101, type: 'qemu'}),
        backups.files('pve1', 'pbs', 'pbs:backup/ct/200/2026-01-02T03:04:05Z', '/'),
        backups.timeZone('pve1'),
      ]
    }),
  )
})

describe('requests about backups with fleecing', () =>
  itSendsValidRequests(
    requestsOf((connection) => [
      new BackupRepository(connection).run('pve1', {
        vmid: 101,
        storage: 'nas',
        mode: 'snapshot',
        fleecing: 'enabled=1,storage=local-lvm',
      }),
    ]),
    ['8.4', '9.2'],
  ))
