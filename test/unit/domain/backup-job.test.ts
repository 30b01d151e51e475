import {expect} from 'chai'
import {guestsOfJob, isJobId, jobDifferences, jobParameters, newJobId} from '../../../src/domain/backup-job.js'

const GUESTS = [
  {vmid: 100, node: 'pve1'},
  {vmid: 101, node: 'pve2', pool: 'lab'},
  {vmid: 102, node: 'pve1', pool: 'lab/inner'},
  {vmid: 103, node: 'pve1', pool: 'laboratory'},
]

describe('backup jobs', () => {
  for (const [title, job, expected] of [
    ['named guests', {vmids: [101, 999], all: false, exclude: []}, [101]],
    ['all', {all: true, exclude: []}, [100, 101, 102, 103]],
    ['all but some', {all: true, exclude: [100, 103]}, [101, 102]],
    ['a pool and those within', {all: false, pool: 'lab', exclude: []}, [101, 102]],
    ['a pool but some', {all: false, pool: 'lab', exclude: [102]}, [101]],
    ['one node', {all: true, exclude: [], node: 'pve2'}, [101]],
    ['named guests on one node', {vmids: [100, 101], all: false, exclude: [], node: 'pve1'}, [100]],
    ['nothing', {all: false, exclude: []}, []],
  ] as const) {
    it(`save ${title}`, () => {
      expect(guestsOfJob(job, GUESTS).map(({vmid}) => vmid)).to.deep.equal(expected)
    })
  }

  it('are told in the words of Proxmox VE, and only what is wished', () => {
    expect(jobParameters({})).to.deep.equal({})
    expect(
      jobParameters({
        vmids: [100, 101],
        keep: {daily: 7, last: 3},
        enabled: false,
        mailTo: ['a@x', 'b@x'],
        exclude: [],
      }),
    ).to.deep.equal({
      vmid: '100,101',
      'prune-backups': 'keep-last=3,keep-daily=7',
      enabled: false,
      mailto: 'a@x,b@x',
      exclude: '',
    })
  })

  describe('differences', () => {
    const options = {
      vmid: '100,101',
      enabled: 1,
      schedule: '02:00',
      'prune-backups': {'keep-daily': '7', 'keep-last': 3},
      fleecing: {enabled: 1, storage: 'x'},
      comment: 'c',
    }

    it('see through the ways a server spells the same', () => {
      const same = {
        vmid: '100,101',
        enabled: true,
        'prune-backups': 'keep-last=3,keep-daily=7',
        fleecing: 'enabled=1,storage=x',
      }
      expect(jobDifferences(options, same, [])).to.deep.equal([])
      expect(jobDifferences({...options, vmid: '100 101', enabled: '1'}, same, [])).to.deep.equal([])
      expect(jobDifferences({schedule: 'x'}, {enabled: true, protected: false}, ['comment'])).to.deep.equal([])
    })

    it('tell what is other, new and gone', () => {
      expect(jobDifferences(options, {schedule: '03:00', storage: 'nas', enabled: false}, ['comment'])).to.deep.equal([
        {key: 'schedule', before: '02:00', after: '03:00'},
        {key: 'storage', after: 'nas'},
        {key: 'enabled', before: '1', after: '0'},
        {key: 'comment', before: 'c'},
      ])
    })

    it('count what another way of choosing guests ends', () => {
      expect(jobDifferences(options, {all: true}, [])).to.deep.equal([
        {key: 'all', after: '1'},
        {key: 'vmid', before: '100,101'},
      ])
    })
  })

  it('have ids that Proxmox VE takes', () => {
    for (let i = 0; i < 50; i++) expect(isJobId(newJobId(Math.random))).to.equal(true)
    for (const id of ['nightly', 'a1', 'A-b_c']) expect(isJobId(id), id).to.equal(true)
    for (const id of ['', 'a', '1a', '-a', 'a b', 'a.b', 'ä1', 'a'.repeat(51)]) expect(isJobId(id), id).to.equal(false)
  })
})
