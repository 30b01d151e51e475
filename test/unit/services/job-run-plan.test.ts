import {expect} from 'chai'
import type {BackupJob} from '../../../src/domain/backup-job.js'
import type {Guest} from '../../../src/domain/guest.js'
import {jobRunPlan} from '../../../src/services/job-run-plan.js'

const guest = (vmid: number, node: string): Guest => ({
  vmid,
  node,
  type: 'qemu',
  status: 'running',
  template: false,
  tags: [],
})

const JOB: BackupJob = {
  id: 'nightly',
  enabled: true,
  schedule: '02:00',
  vmids: [102, 100, 999],
  all: false,
  exclude: [],
  mode: 'stop',
  storage: 'nas',
  options: {
    id: 'nightly',
    type: 'vzdump',
    schedule: '02:00',
    enabled: 1,
    vmid: '102,100,999',
    mode: 'stop',
    storage: 'nas',
    comment: 'c',
    'repeat-missed': 1,
    compress: 'zstd',
    'prune-backups': {'keep-last': '3', 'keep-daily': 7},
    fleecing: {enabled: 1, storage: 'local-lvm'},
    'exclude-path': ['/tmp', '/var/cache'],
    'notes-template': '{{guestname}}',
    mailto: 'a@example.com',
    zstd: 2,
  },
}

describe('what a job comes to when it runs now', () => {
  it('is its guests in their order, and its options without those that plan', () => {
    const plan = jobRunPlan(JOB, [guest(102, 'pve2'), guest(101, 'pve1'), guest(100, 'pve1')])._unsafeUnwrap()
    expect(plan.guests.map(({vmid}) => vmid)).to.deep.equal([100, 102])
    expect(plan.missing).to.deep.equal([999])
    expect(plan.wish).to.deep.equal({
      mode: 'stop',
      storage: 'nas',
      compress: 'zstd',
      'prune-backups': 'keep-last=3,keep-daily=7',
      fleecing: 'enabled=1,storage=local-lvm',
      'exclude-path': ['/tmp', '/var/cache'],
      'notes-template': '{{guestname}}',
      mailto: 'a@example.com',
      zstd: 2,
    })
  })

  it('is nothing without guests', () => {
    expect(jobRunPlan(JOB, [guest(101, 'pve1')])._unsafeUnwrapErr()).to.include({kind: 'not-found'})
    expect(jobRunPlan({...JOB, node: 'pve9'}, [guest(100, 'pve1')])._unsafeUnwrapErr()).to.include({kind: 'not-found'})
  })
})
