import {expect} from 'chai'
import {startCluster, type TestCluster} from '../helpers/cluster.js'

interface Row {
  readonly name: string
  readonly coverage: string
  readonly jobs: readonly string[]
}

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`backup coverage, Proxmox VE ${pveVersion}`, () => {
    let cluster: TestCluster

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
    })

    afterEach(() => cluster.stop())

    const run = async (...argv: string[]) => {
      const {json, ...rest} = await cluster.run(['proxmox', ...argv, '--json'])
      return {...rest, result: json()}
    }
    const coverage = (...argv: string[]) => run('backup', 'coverage', ...argv)
    const done = async (...argv: string[]) => {
      const outcome = await run(...argv)
      expect(outcome.exitCode, JSON.stringify(outcome.result)).to.equal(0)
    }
    const rowOf = (rows: readonly Row[], name: string) => rows.find((row) => row.name === name)!
    /** Makes every backup look as if it were so much older. */
    const age = (seconds: number, storage?: string) => {
      const volumes = cluster.simulator.world.store.of('volumes')
      for (const [key, volume] of [...volumes.entries()])
        if (volume.content === 'backup' && (storage === undefined || volume.volid.startsWith(`${storage}:`)))
          volumes.put(key, {...volume, ctime: (volume.ctime ?? 0) - seconds})
    }

    it('tells of each guest by which jobs and how lately it was saved', async () => {
      await done('job', 'create', 'git', 'proxy', '--id', 'nightly', '--schedule', '02:00', '--storage', 'nas')
      await done('job', 'create', 'db', '--id', 'off', '--schedule', '02:00', '--storage', 'nas', '--disable')
      await done('backup', 'run', 'git', '--storage', 'nas')
      const {exitCode, result, stderr} = await coverage()
      expect(exitCode).to.equal(0)
      expect(result.map(({name}: Row) => name)).to.deep.equal([
        'db',
        'git',
        'ci',
        'scratch',
        'dns',
        'proxy',
        'playground',
      ])
      expect(rowOf(result, 'git')).to.deep.include({coverage: 'ok', jobs: ['nightly'], excludedDisks: []})
      expect(rowOf(result, 'git')).to.have.nested.property('newest.storage', 'nas')
      expect(rowOf(result, 'git')).to.have.property('ageSeconds').that.is.lessThan(60)
      expect(rowOf(result, 'proxy')).to.deep.include({coverage: 'none', jobs: ['nightly']})
      expect(rowOf(result, 'db')).to.deep.include({coverage: 'none', jobs: [], disabledJobs: ['off']})
      expect(stderr).to.contain('in no enabled job: db, ci, scratch, dns, playground')
      const people = await cluster.run(['proxmox', 'backup', 'coverage'])
      expect(people.stdout).to.match(/101 +git +pve2 +ok +\d+s +nas +nightly/)
    })

    it('ends with 10 when a backup is too old or missing, and goes by the newest on any storage', async () => {
      await done('backup', 'run', 'git', 'db', '--storage', 'nas')
      age(30 * 3600)
      await done('backup', 'run', 'db', '--storage', 'local')
      const old = await coverage('git', 'db', '--max-age', '26h')
      expect(old.exitCode).to.equal(10)
      expect(old.result.map(({name, coverage: state}: Row) => [name, state])).to.deep.equal([
        ['git', 'old'],
        ['db', 'ok'],
      ])
      expect(old.stderr).to.match(/without a backup of the last 1d 2h: git/)
      expect((await coverage('git', '--max-age', '31h')).exitCode).to.equal(0)
      const none = await coverage('-l', 'name=ci', '--max-age', '365d')
      expect(none.exitCode).to.equal(10)
      expect(none.result[0]).to.include({name: 'ci', coverage: 'none'})
      expect((await coverage('nobody')).exitCode).to.equal(5)
      expect((await coverage('--max-age', 'soon')).exitCode).to.equal(2)
    })

    it('does not take the backup of another guest for one of its own', async () => {
      await done('backup', 'run', 'git', '--storage', 'nas')
      const guests = cluster.simulator.world.store.of('guests')
      const proxy = guests.get(201)!
      guests.delete(101)
      guests.put(101, {...proxy, vmid: 101, config: {...proxy.config, hostname: 'newcomer'}})
      const {result} = await coverage('newcomer')
      expect(result[0]).to.include({coverage: 'none', type: 'lxc'})
    })

    it('says which disks are left out, and takes templates in on request', async () => {
      const guests = cluster.simulator.world.store.of('guests')
      const db = guests.get(100)!
      guests.update(100, {config: {...db.config, scsi1: 'local-lvm:vm-100-disk-1,backup=0,size=8G'}})
      const {result} = await coverage('db')
      expect(result[0].excludedDisks).to.deep.equal([
        {key: 'scsi1', volume: 'local-lvm:vm-100-disk-1', reason: 'backup=0'},
      ])
      const all = await coverage('--templates')
      expect(all.result.filter(({template}: {template: boolean}) => template)).to.have.length(3)
      expect((await coverage('ubuntu-22.04')).result).to.have.length(1)
    })

    it('does not say that there is none where it could not look', async () => {
      await done('backup', 'run', 'ci', '--storage', 'local')
      await cluster.simulator.powerOff('pve3')
      const {exitCode, result, stderr} = await coverage('102', 'git', '--max-age', '26h')
      expect(exitCode).to.equal(10)
      expect(result.map(({coverage: state}: Row) => state)).to.deep.equal(['unknown', 'unknown'])
      expect(stderr).to.match(/backups on local of pve3 are not counted/)
      expect(stderr).to.match(/not known of 102/)
    })

    it('says when the jobs may not be seen', async () => {
      const access = cluster.simulator.world.store.of('acl')
      for (const [key, {ugid}] of [...access.entries()]) if (ugid === 'auditor@pve') access.delete(key)
      access.put('vms', {path: '/vms', type: 'user', ugid: 'auditor@pve', roleid: 'PVEAuditor', propagate: 1} as never)
      const {exitCode, json, stderr} = await cluster.run(['proxmox', 'backup', 'coverage', '--json'], {
        env: {
          HOMELAB_TOKEN_ID: 'auditor@pve!readonly',
          HOMELAB_TOKEN_SECRET: 'aaaaaaaa-0000-4000-8000-000000000002',
        },
      })
      expect(exitCode, JSON.stringify(json())).to.equal(0)
      expect(json()).to.have.length(7)
      expect(stderr).to.contain('needs Sys.Audit on /')
    })
  })
}
