import {expect} from 'chai'
import {startCluster, type TestCluster} from '../helpers/cluster.js'

const NIGHTLY = [
  'create',
  'db',
  'dns',
  '--id',
  'nightly',
  '--schedule',
  '02:00',
  '--storage',
  'nas',
  '--keep',
  'keep-daily=7',
]

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`backup jobs, Proxmox VE ${pveVersion}`, () => {
    let cluster: TestCluster

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
    })

    afterEach(() => cluster.stop())

    const job = async (...argv: string[]) => {
      const {json, ...rest} = await cluster.run(['proxmox', 'job', ...argv, '--json'])
      return {...rest, result: json()}
    }
    const kept = () => cluster.simulator.world.store.of('backupJobs')
    const writes = () => cluster.requests.filter(({method}) => method !== 'GET').length

    it('creates a job with guests by name, and lists and shows it so', async () => {
      expect((await job('list')).result).to.deep.equal([])
      const {exitCode, result, stderr} = await job(...NIGHTLY)
      expect(exitCode, JSON.stringify(result)).to.equal(0)
      expect(stderr).to.equal('')
      expect(result).to.deep.include({
        id: 'nightly',
        changed: true,
        enabled: true,
        schedule: '02:00',
        storage: 'nas',
        mode: 'snapshot',
        compress: 'zstd',
        keep: {daily: 7},
        notesTemplate: '{{guestname}}',
        all: false,
        exclude: [],
        warnings: [],
      })
      expect(result.guests).to.deep.equal([
        {vmid: 100, name: 'db', type: 'qemu', node: 'pve1'},
        {vmid: 200, name: 'dns', type: 'lxc', node: 'pve1'},
      ])
      expect(kept().get('nightly')).to.include({vmid: '100,200', schedule: '02:00', 'notes-template': '{{guestname}}'})
      const listed = (await job('list')).result
      expect(listed).to.have.length(1)
      expect(Date.parse(listed[0].nextRunAt)).to.be.greaterThan(Date.now() - 1000)
      const shown = (await job('show', 'nightly')).result
      expect(shown.saves.map(({name}: {name: string}) => name)).to.deep.equal(['db', 'dns'])
      const people = await cluster.run(['proxmox', 'job', 'list'])
      expect(people.stdout).to.match(/nightly +yes +02:00 .* db, dns +nas +keep-daily=7/)
    })

    it('makes up an id, takes all or a pool, and says what will fail', async () => {
      const all = await job(
        'create',
        '--all',
        '--exclude',
        'scratch,202',
        '--schedule',
        'sat 03:00',
        '--storage',
        'nas',
      )
      expect(all.exitCode).to.equal(0)
      expect(all.result.id).to.match(/^backup-[\da-f]{8}$/)
      expect(all.result.exclude.map(({name}: {name: string}) => name)).to.deep.equal(['scratch', 'playground'])
      expect(all.result).to.include({all: true}).and.not.have.property('guests')
      expect(all.stderr).to.match(/warning: storage nas is not on node pve3: the job will fail there for .*ci/)
      const pool = await job('create', '--pool', 'lab', '--schedule', '*/6:00', '--storage', 'local', '--disable')
      expect(pool.result).to.include({pool: 'lab', enabled: false})
      expect((await job('show', pool.result.id)).result.saves.map(({name}: {name: string}) => name)).to.deep.equal([
        'scratch',
      ])
      const people = await cluster.run(['proxmox', 'job', 'list', '--sort', 'schedule'])
      expect(people.stdout).to.contain('all but scratch, playground').and.contain('pool lab')
    })

    it('tells of disks that are left out', async () => {
      const guests = cluster.simulator.world.store.of('guests')
      const db = guests.get(100)!
      guests.update(100, {config: {...db.config, scsi1: 'local-lvm:vm-100-disk-1,backup=0,size=8G'}})
      await job(...NIGHTLY)
      const [saved] = (await job('show', 'nightly')).result.saves
      expect(saved.excludedDisks).to.deep.equal([
        {key: 'scsi1', volume: 'local-lvm:vm-100-disk-1', reason: 'backup=no'},
      ])
    })

    it('plans without sending anything, and says when it would run', async () => {
      const {exitCode, result} = await job(...NIGHTLY, '--dry-run')
      expect(exitCode).to.equal(0)
      expect(result).to.include({dryRun: true, id: 'nightly'})
      expect(result.nextRuns).to.have.length(3)
      expect(result.changes).to.deep.include({key: 'vmid', after: '100,200'})
      expect(writes()).to.equal(0)
      const people = await cluster.run(['proxmox', 'job', ...NIGHTLY, '--dry-run'])
      expect(people.stdout).to.match(/would create job nightly:\n(?:.*\n)*.*next runs: \d{4}-/)
    })

    it('changes what is named and leaves the rest', async () => {
      await job(...NIGHTLY, '--comment', 'every night')
      const {result} = await job(
        'set',
        'nightly',
        '--schedule',
        '03:30',
        '--keep-daily',
        '14',
        '--unset',
        'comment',
        '--disable',
      )
      expect(result).to.deep.include({schedule: '03:30', keep: {daily: 14}, enabled: false, changed: true})
      expect(result).not.to.have.property('comment')
      expect(result.changes).to.deep.include.members([
        {key: 'schedule', before: '02:00', after: '03:30'},
        {key: 'comment', before: 'every night'},
      ])
      expect(result.guests).to.have.length(2)
      const sent = writes()
      const again = await job(
        'set',
        'nightly',
        '--schedule',
        '03:30',
        '--disable',
        '--keep',
        'keep-daily=14',
        '--unset',
        'comment',
      )
      expect(again.result).to.deep.include({changed: false, changes: []})
      expect(writes()).to.equal(sent)
    })

    it('adds and removes guests, replaces them, and goes over to all and back', async () => {
      await job(...NIGHTLY)
      const names = async (...argv: string[]) => {
        const {exitCode, result} = await job('set', 'nightly', ...argv)
        expect(exitCode, JSON.stringify(result)).to.equal(0)
        return result.guests?.map(({name}: {name: string}) => name)
      }
      expect(await names('--add', 'git,proxy', '--remove', 'db')).to.deep.equal(['dns', 'git', 'proxy'])
      expect(await names('git')).to.deep.equal(['git'])
      expect(await names('--all', '--exclude', 'ci')).to.equal(undefined)
      expect(kept().get('nightly')).to.include({all: 1, exclude: '102'}).and.not.have.property('vmid')
      expect(await names('--pool', 'lab', '--unset', 'exclude')).to.equal(undefined)
      expect(kept().get('nightly')).to.include({pool: 'lab'})
      expect(kept().get('nightly')).not.to.have.any.keys('all', 'vmid', 'exclude')
      expect(await names('db')).to.deep.equal(['db'])
      expect(kept().get('nightly')).to.include({vmid: '100'}).and.not.have.property('pool')
    })

    it('names guests that are gone, and lets them be removed', async () => {
      await job(...NIGHTLY)
      cluster.simulator.world.store.of('guests').delete(200)
      const [listed] = (await job('list')).result
      expect(listed.guests[1]).to.deep.equal({vmid: 200, missing: true})
      const {exitCode, result} = await job('set', 'nightly', '--remove', '200')
      expect(exitCode).to.equal(0)
      expect(result.guests).to.have.length(1)
    })

    it('notices that somebody else changed it at the same time', async () => {
      await job(...NIGHTLY)
      cluster.meddle = ({method}) => {
        if (method === 'PUT') setImmediate(() => kept().update('nightly', {schedule: '05:00'}))
        return undefined
      }
      const {exitCode, result} = await job('set', 'nightly', '--schedule', '04:00')
      expect(exitCode).to.equal(6)
      expect(result.error.message).to.contain('schedule is 05:00')
    })

    it('finds out about a job whose answer was lost', async () => {
      let lost = 0
      cluster.meddle = ({method}) => (method === 'GET' || lost++ > 0 ? undefined : {drop: 'after'})
      const {exitCode, result} = await job(...NIGHTLY)
      expect(exitCode).to.equal(0)
      expect(result).to.include({id: 'nightly', changed: true})
      lost = 0
      cluster.meddle = ({method}) => (method === 'GET' || lost++ > 0 ? undefined : {drop: 'before'})
      const second = await job('create', 'db', '--id', 'other', '--schedule', 'daily', '--storage', 'nas')
      expect(second.exitCode).to.equal(12)
      expect(kept().has('other')).to.equal(false)
    })

    it('deletes after a question, or several at once', async () => {
      await job(...NIGHTLY)
      await job(...NIGHTLY.map((word) => (word === 'nightly' ? 'second' : word)))
      const unasked = await job('delete', 'nightly')
      expect(unasked.exitCode).to.equal(2)
      expect(unasked.result.error.hint).to.contain('--yes')
      expect((await job('delete', 'nightly', '--dry-run')).result).to.deep.equal({id: 'nightly', dryRun: true})
      expect((await job('delete', 'nightly', 'secondd', '--yes')).exitCode).to.equal(5)
      expect(kept().size).to.equal(2)
      const both = await job('delete', 'nightly', 'second', '--yes')
      expect(both.exitCode).to.equal(0)
      expect(both.result.summary).to.deep.equal({ok: 2, failed: 0})
      expect(kept().size).to.equal(0)
    })

    const nightly = (changes: Readonly<Record<string, string>>): string[] => {
      const flags = {'--id': 'nightly', '--schedule': '02:00', '--storage': 'nas', ...changes}
      return ['create', 'db', ...Object.entries(flags).flat()]
    }

    for (const [exitCode, field, argv] of [
      [2, 'schedule', nightly({'--schedule': 'every tuesday'})],
      [2, 'schedule', nightly({'--schedule': '99:99'})],
      [2, 'schedule', nightly({'--schedule': '02-30 01:00'})],
      [2, 'id', nightly({'--id': '1st'})],
      [2, 'guest', [...nightly({}), '--all']],
      [2, 'guest', nightly({'--pool': 'lab'})],
      [2, 'exclude', nightly({'--exclude': 'git'})],
      [2, 'keep', nightly({'--keep': 'keep-everything=1'})],
      [2, 'notes', nightly({'--notes': '{{name}}'})],
      [2, 'guest', ['create', '--schedule', '02:00', '--storage', 'nas']],
      [2, undefined, ['create', 'db', '--storage', 'nas']],
      [5, 'storage', nightly({'--storage': 'nass'})],
      [8, 'storage', nightly({'--storage': 'local-lvm'})],
      [5, 'node', nightly({'--node': 'pve9'})],
      [5, undefined, ['create', 'nobody', '--schedule', '02:00', '--storage', 'nas']],
      [5, undefined, ['set', 'nightly', '--disable']],
      [5, undefined, ['show', 'nightly']],
      [5, undefined, ['delete', 'nightly', '--yes']],
    ] as const) {
      it(`refuses ${argv.join(' ')} before anything is sent`, async () => {
        const refused = await job(...argv)
        expect(refused.exitCode, JSON.stringify(refused.result)).to.equal(exitCode)
        expect(refused.result.error.details?.field, JSON.stringify(refused.result)).to.equal(field)
        expect(writes()).to.equal(0)
      })
    }

    describe('run', () => {
      const volumes = () =>
        [...cluster.simulator.world.store.of('volumes').values()].filter(({content}) => content === 'backup')

      it('saves the guests of the job with its options, and sees the backups', async () => {
        await job(
          'create',
          'git',
          'proxy',
          '--id',
          'nightly',
          '--schedule',
          '02:00',
          '--storage',
          'nas',
          '--keep-last',
          '1',
          '--notes',
          'of {{guestname}}',
          '--disable',
        )
        const plan = await job('run', 'nightly', '--dry-run')
        expect(plan.exitCode).to.equal(0)
        expect(plan.result.results.map(({target}: {target: string}) => target)).to.deep.equal(['git', 'proxy'])
        expect(volumes()).to.have.length(0)
        const {exitCode, result} = await job('run', 'nightly')
        expect(exitCode, JSON.stringify(result)).to.equal(0)
        expect(result.summary).to.deep.equal({ok: 2, failed: 0})
        expect(result.results[0]).to.include({target: 'git', node: 'pve2', storage: 'nas'})
        expect(volumes().map(({notes}) => notes)).to.have.members(['of git', 'of proxy'])
        const older = new Set(volumes().map(({volid}) => volid))
        // Backups are named by the second.
        for (const second = cluster.simulator.world.clock.now(); cluster.simulator.world.clock.now() === second;)
          await new Promise((resolve) => setTimeout(resolve, 20))
        await job('run', 'nightly')
        expect(volumes()).to.have.length(2)
        expect(volumes().some(({volid}) => older.has(volid))).to.equal(false)
      })

      it('says what is gone, and fails for what cannot be saved', async () => {
        await job(...NIGHTLY)
        await job('set', 'nightly', '--add', 'ci')
        cluster.simulator.world.store.of('guests').delete(200)
        const {exitCode, result, stderr} = await job('run', 'nightly')
        expect(stderr).to.match(/warning: .*gone: 200/)
        expect(exitCode).to.equal(9)
        expect(result.results.map(({ok, target}: {ok: boolean; target: string}) => [target, ok])).to.deep.equal([
          ['db', true],
          ['ci', false],
        ])
        cluster.simulator.world.store.of('guests').delete(100)
        cluster.simulator.world.store.of('guests').delete(102)
        expect((await job('run', 'nightly')).exitCode).to.equal(5)
        expect((await job('run', 'nightlyy')).exitCode).to.equal(5)
      })
    })

    describe('next', () => {
      it('lists the runs of all jobs in the order of time, by the clock of the nodes', async () => {
        await job(...NIGHTLY)
        await job('create', '--pool', 'lab', '--id', 'lab', '--schedule', '*/6:00', '--storage', 'nas')
        await job('create', 'git', '--id', 'off', '--schedule', '00:00', '--storage', 'nas', '--disable')
        const {exitCode, result} = await job('next', '--count', '12')
        expect(exitCode).to.equal(0)
        expect(result).to.have.length(12)
        const times = result.map(({at}: {at: string}) => at)
        expect(times).to.deep.equal([...times].sort())
        expect(new Set(result.map((run: {job: string}) => run.job))).to.deep.equal(new Set(['lab', 'nightly']))
        for (const run of result) {
          expect(run.timeZone).to.equal('Europe/Berlin')
          expect(run.localTime).to.match(run.job === 'lab' ? /T(00|06|12|18):00:00/ : /T02:00:00/)
          expect(Date.parse(run.localTime)).to.equal(Date.parse(run.at))
        }

        expect((await job('next', 'off', '--count', '1')).result[0]).to.include({job: 'off', storage: 'nas'})
        expect((await job('next', 'none')).exitCode).to.equal(5)
        const people = await cluster.run(['proxmox', 'job', 'next'])
        expect(people.stdout).to.match(/ nightly +02:00 +db, dns +nas/)
      })

      it('lists nodes in other time zones for themselves', async () => {
        await job('create', 'db', 'git', '--id', 'nightly', '--schedule', '02:00', '--storage', 'nas')
        const nodes = cluster.simulator.world.store.of('nodes')
        nodes.update('pve2', {timezone: 'America/New_York'})
        nodes.update('pve3', {timezone: 'Asia/Tokyo'})
        const {result} = await job('next', '--count', '4')
        expect(result.map(({nodes: where}: {nodes: string[]}) => where.join())).to.have.members([
          'pve1',
          'pve2',
          'pve1',
          'pve2',
        ])
        for (const run of result) expect(run.localTime).to.match(/T02:00:00/)
        expect(new Set(result.map(({at}: {at: string}) => at)).size).to.equal(4)
      })

      it('says what a schedule means', async () => {
        const {result} = await job('next', '--schedule', 'sat 03:00', '--count', '2')
        expect(result).to.have.length(2)
        expect(result[0].localTime).to.match(/T03:00:00/)
        expect(new Date(`${result[0].localTime.slice(0, 10)}T00:00:00Z`).getUTCDay()).to.equal(6)
        const refused = await job('next', '--schedule', 'sometimes')
        expect(refused.exitCode).to.equal(2)
        // What the remedy recommends has to be one.
        const [advice = ''] = String(refused.result.error.hint).split(';')
        const schedules = [...advice.matchAll(/"([^"]+)"/g)].map(([, schedule = '']) => schedule)
        expect(schedules).to.have.length.above(4)
        for (const schedule of schedules)
          await job('next', '--schedule', schedule, '--count', '1').then(({exitCode}) =>
            expect(exitCode, schedule).to.equal(0),
          )
      })
    })

    it('refuses an id that there is already', async () => {
      await job(...NIGHTLY)
      const {exitCode, result} = await job(...NIGHTLY)
      expect(exitCode).to.equal(6)
      expect(result.error.code).to.equal('already-exists')
    })
  })
}
