import {jobParameters} from '../../src/domain/backup-job.js'
import {BackupJobRepository} from '../../src/repositories/backup-job-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

const USUAL = {
  schedule: 'mon..fri 22:30',
  storage: 'nas',
  mode: 'stop',
  compress: '0',
  keep: {last: 3, daily: 7},
  notesTemplate: '{{guestname}} of {{cluster}}',
  protected: true,
  comment: 'every night',
  enabled: false,
  mailTo: ['a@example.com', 'root@pam'],
  mailNotification: 'failure',
  repeatMissed: true,
  bandwidthKib: 51_200,
  node: 'pve1',
} as const

describe('what is asked about backup jobs', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const jobs = new BackupJobRepository(connection)
      return [
        jobs.list(),
        jobs.create('nightly', jobParameters({...USUAL, vmids: [100, 101]})),
        jobs.create('weekly', jobParameters({...USUAL, all: true, exclude: [102]})),
        jobs.create('lab_2', jobParameters({...USUAL, pool: 'lab'})),
        jobs.update('nightly', jobParameters({schedule: '*/15', all: true}), ['vmid', 'comment', 'prune-backups']),
        jobs.update('nightly', {enabled: true}, []),
        jobs.delete('nightly'),
        jobs.included('nightly'),
        jobs.notBackedUp(),
        jobs.analyze('02:00', 1_795_000_000.5, 3),
      ]
    }),
  )

  itSendsValidRequests(
    requestsOf((connection) => [
      new BackupJobRepository(connection).create(
        'nightly',
        jobParameters({
          ...USUAL,
          all: true,
          fleecing: 'enabled=1,storage=local-lvm',
          notificationMode: 'notification-system',
        }),
      ),
    ]),
    ['8.4', '9.2'],
  )
})
