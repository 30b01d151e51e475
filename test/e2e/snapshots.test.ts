import {expect} from 'chai'

import type {SnapshotRecord} from '../../src/simulator/kernel/state.js'
import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {DISK_STORAGES, storageFixture, type DiskStorage} from '../helpers/storage-fixture.js'

/** Nobody waits for a simulator. */
const QUICK = {HOMELAB_POLL_INTERVAL: '5ms'}

describe('snapshots', () => {
  let cluster: TestCluster

  afterEach(() => cluster.stop())

  const open = async (storage: DiskStorage = 'thin', pveVersion: '8.4' | '9.2' = '9.2') => {
    cluster = await startCluster({fixture: storageFixture(storage), pveVersion})
  }

  const run = async (...argv: string[]) => {
    const {json, exitCode} = await cluster.run(['proxmox', 'snapshot', ...argv, '--json'], {env: QUICK})
    return {exitCode, result: json()}
  }

  const done = async (...argv: string[]) => {
    const {exitCode, result} = await run(...argv)
    expect(exitCode, `${argv.join(' ')}: ${JSON.stringify(result)}`).to.equal(0)
    return result
  }

  const writes = () => cluster.requests.filter(({method}) => method !== 'GET')

  const refused = async (exitCode: number, ...argv: string[]) => {
    cluster.requests.length = 0
    const outcome = await run(...argv)
    expect(outcome.exitCode, `${argv.join(' ')}: ${JSON.stringify(outcome.result)}`).to.equal(exitCode)
    expect(writes()).to.deep.equal([])
    return outcome.result.error
  }

  const guests = () => cluster.simulator.world.store.of('guests')
  const guest = (vmid: number) => guests().get(vmid)!
  const names = (vmid: number) => Object.keys(guest(vmid).snapshots ?? {})

  const put = (
    vmid: number,
    snapshots: Record<string, Partial<SnapshotRecord> & {snaptime: number}>,
    parent?: string,
  ) => {
    const now = guest(vmid)
    const config = {...now.config, ...(parent !== undefined && {parent})}
    const whole = Object.entries(snapshots).map(([name, one]) => [name, {config: now.config, ...one}])
    guests().update(vmid, {config, snapshots: Object.fromEntries(whole)})
  }
  const at = (text: string) => Date.parse(text) / 1000
  const AUTO = 'homelab:auto'

  for (const pveVersion of ['8.4', '9.2'] as const) {
    for (const storage of DISK_STORAGES) {
      it(`${pveVersion}, ${storage}: a VM's are taken, listed, compared, gone back to and deleted`, async () => {
        await open(storage, pveVersion)
        const taken = await done('create', 'web', 'before', '--description', 'Debian 12 to 13')
        expect(taken).to.deep.include({vmid: 100, name: 'web', snapshot: 'before', ram: false, automatic: false})
        expect(taken.task.outcome).to.equal('ok')
        expect(taken.createdAt).to.match(/^\d{4}-.*Z$/)
        expect(guest(100).snapshots?.['before']?.description).to.equal('Debian 12 to 13')
        guests().update(100, {config: {...guest(100).config, cores: 4}})
        await done('create', '100', 'after')

        const rows = await done('list', 'web')
        expect(rows.map(({name, parent}: {name: string; parent?: string}) => [name, parent])).to.deep.equal([
          ['before', undefined],
          ['after', 'before'],
          ['current', 'after'],
        ])
        expect(rows[0]).to.deep.include({guest: 'web', current: false, description: 'Debian 12 to 13', ram: false})
        expect(rows[2]).to.deep.include({current: true, running: false})
        const shown = await done('show', 'web', 'before')
        expect(shown).to.deep.include({children: ['after'], parentOfCurrent: false})
        expect(shown.config.cores).to.equal(1)

        const {exitCode, result} = await run('diff', 'web', 'before')
        expect(exitCode).to.equal(1)
        expect(result.differences).to.deep.equal([{key: 'cores', left: 1, right: 4}])
        expect(await done('diff', 'web', 'after')).to.deep.include({same: true, differences: []})
        expect((await run('diff', 'web', 'before', 'after')).exitCode).to.equal(1)

        if (storage === 'tank') {
          const error = await refused(8, 'rollback', 'web', 'before', '--yes')
          expect(error.message).to.contain('scsi0 is on tank (ZFS)')
          expect(error.hint).to.contain('snapshot delete 100 after')
          await done('delete', 'web', 'after', '--yes')
        }

        const back = await done('rollback', 'web', 'before', '--yes')
        expect(back).to.include({snapshot: 'before', status: 'stopped', previousStatus: 'stopped'})
        expect(guest(100).config['cores']).to.equal(1)
        expect(guest(100).config['parent']).to.equal('before')
        const gone = await done('delete', 'web', 'before', '--yes')
        expect(gone).to.deep.include({deleted: ['before'], changed: true})
        expect(names(100)).to.deep.equal(storage === 'tank' ? [] : ['after'])
      })

      it(`${pveVersion}, ${storage}: a container's too, where the storage has any`, async () => {
        await open(storage, pveVersion)
        if (storage === 'files') {
          const error = await refused(8, 'create', 'dns', 'before')
          expect(error.message).to.contain('rootfs is a raw file on files')
          expect(error.hint).to.contain('lxc disk move 200 rootfs')
          return
        }

        expect(await done('create', 'proxy', 'before', '--description', 'one')).to.include({ram: false})
        expect((await done('list', 'proxy'))[0].description).to.equal('one')
        const back = await done('rollback', 'proxy', 'before', '--yes')
        expect(back).to.include({status: 'running', previousStatus: 'running'})
        expect(guest(201).run).not.to.equal(undefined)
        expect((await done('rollback', 'proxy', 'before', '--no-start', '--yes')).status).to.equal('stopped')
        expect(guest(201).run).to.equal(undefined)
        await done('create', 'proxy', 'later')
        if (storage === 'tank') await refused(8, 'rollback', 'proxy', 'before', '--yes')
        await done('delete', 'proxy', 'before', 'later', '--yes')
        expect(names(201)).to.deep.equal([])
      })
    }

    it(`${pveVersion}: brings a VM back into the state it was found in, with and without its memory`, async () => {
      await open('files', pveVersion)
      expect(await done('create', 'db', 'warm', '--ram')).to.include({ram: true, status: 'running'})
      await done('create', 'db', 'cold')
      expect((await done('list', 'db'))[0]).to.include({name: 'warm', ram: true})
      const running = () => guest(101).run !== undefined
      const back = async (...argv: string[]) => (await done('rollback', 'db', ...argv, '--yes')).status

      expect(await back('cold')).to.equal('running')
      expect(running()).to.equal(true)
      expect(await back('warm')).to.equal('running')
      expect(running()).to.equal(true)
      expect(await back('warm', '--no-start')).to.equal('stopped')
      expect(running()).to.equal(false)
      expect(await back('cold')).to.equal('stopped')
      expect(await back('warm')).to.equal('stopped')
      expect(running()).to.equal(false)
      expect(await back('cold', '--start')).to.equal('running')
      expect(running()).to.equal(true)
    })
  }

  it('shows them as a tree, as a table and as names', async () => {
    await open()
    put(
      100,
      {
        base: {snaptime: at('2026-11-01T10:00Z'), description: 'clean'},
        a1: {snaptime: at('2026-11-02T10:00Z'), parent: 'base', vmstate: true},
        b1: {snaptime: at('2026-11-03T10:00Z'), parent: 'base', description: `x\n${AUTO}`},
        broken: {snaptime: at('2026-11-04T10:00Z'), parent: 'b1', snapstate: 'prepare'},
      },
      'a1',
    )
    const env = {LANG: 'C.UTF-8'}
    const {stdout} = await cluster.run(['proxmox', 'snapshot', 'list'], {env})
    expect(stdout.split('\n')).to.deep.equal([
      'web (VM 100) on pve1',
      '└─ base           2026-11-01 10:00:00Z  clean',
      '   ├─ a1          2026-11-02 10:00:00Z  with memory',
      '   │  └─ current  stopped',
      '   └─ b1          2026-11-03 10:00:00Z  automatic  x',
      '      └─ broken   2026-11-04 10:00:00Z  incomplete (prepare)',
      '',
    ])
    const table = await cluster.run(['proxmox', 'snapshot', 'list', 'web', '--columns', 'name,snapState'])
    expect(table.stdout).to.match(/^NAME +INCOMPLETE\n/)
    const asNames = await cluster.run(['proxmox', 'snapshot', 'list', '-l', 'name~w', '-o', 'name'])
    expect(asNames.stdout).to.equal('base\na1\nb1\nbroken\n')
    const rows = await done('list')
    expect(rows.find(({name}: {name: string}) => name === 'b1')).to.deep.include({automatic: true, description: 'x'})
    expect(rows.find(({name}: {name: string}) => name === 'broken')).to.include({snapState: 'prepare'})
    expect((await done('list', 'far')).map(({name}: {name: string}) => name)).to.deep.equal(['current'])
    const shown = await cluster.run(['proxmox', 'snapshot', 'show', 'web', 'a1'])
    expect(shown.stdout).to.contain('memory:').and.to.contain('what it is now').and.to.contain('cores: 1')
  })

  it('refuses what cannot be, before anything is sent', async () => {
    await open()
    await done('create', 'web', 'before')
    expect((await refused(6, 'create', 'web', 'before')).code).to.equal('already-exists')
    for (const name of ['current', 'x', '1st', 'a.b', 'a'.repeat(41), 'x{what}'])
      expect((await refused(2, 'create', 'web', '--name', name)).code, name).to.equal('usage')
    expect((await refused(2, 'create', 'dns', 'vzdump')).message).to.contain('container')
    expect((await refused(2, 'create', 'web', 'db')).hint).to.contain('--name db')
    expect((await refused(5, 'create', 'nobody', 'before')).code).to.equal('not-found')
    expect((await refused(6, 'create', 'web', 'x1', '--ram')).message).to.contain('no memory to save')
    expect((await refused(8, 'create', 'proxy', 'x1', '--ram')).message).to.contain('container')
    expect((await refused(5, 'rollback', 'web', 'befor', '--yes')).hint).to.contain('"before"')
    expect((await refused(5, 'delete', 'web', 'nothing', '--yes')).code).to.equal('not-found')
    expect((await refused(5, 'show', 'web', 'nothing')).code).to.equal('not-found')
    expect((await refused(5, 'diff', 'web', 'nothing')).code).to.equal('not-found')
    expect((await refused(2, 'rollback', 'web', 'before')).hint).to.contain('--yes')
    expect((await refused(2, 'delete', 'web', 'before')).hint).to.contain('--yes')
    expect((await refused(2, 'rollback', 'web')).message).to.contain('no snapshot')
    expect((await refused(2, 'delete', 'web', 'before', 'after', '--no-wait', '--yes')).hint).to.contain('--no-wait')

    guests().update(100, {config: {...guest(100).config, lock: 'backup'}})
    for (const argv of [
      ['create', 'web', 'x1'],
      ['rollback', 'web', 'before', '--yes'],
      ['delete', 'web', 'before', '--yes'],
    ]) {
      const error = await refused(6, ...argv)
      expect(error.message).to.contain('locked (backup): a backup is under way')
      expect(error.hint).to.contain('vm unlock 100')
    }

    guests().update(100, {config: {...guest(100).config, lock: undefined} as never, snapshots: {}})
    guests().update(102, {config: {...guest(102).config, template: 1}})
    expect((await refused(8, 'create', 'far', 'x1')).message).to.contain('template')
    guests().update(101, {config: {...guest(101).config, hostpci0: '0000:01:00'}})
    expect((await refused(8, 'create', 'db', 'x1', '--ram')).message).to.contain('hostpci0')
    put(101, {half: {snaptime: at('2026-11-04T10:00Z'), snapstate: 'prepare'}})
    expect((await refused(6, 'rollback', 'db', 'half', '--yes')).message).to.contain('incomplete')
  })

  it('says which disks have no snapshots', async () => {
    await open()
    guests().update(200, {config: {...guest(200).config, mp0: '/srv/media,mp=/media'}})
    expect((await refused(8, 'create', 'dns', 'x1')).message).to.contain('mp0 is a directory or device of the node')
    expect((await refused(8, 'create', 'dns', 'x1')).details.disks).to.have.length(1)
  })

  it('refuses to save memory where there is no room for it', async () => {
    await open()
    await cluster.simulator.faults.add({kind: 'storage-full', storage: 'thin', freeBytes: 2 ** 20})
    const error = await refused(8, 'create', 'db', 'x1', '--ram')
    expect(error.code).to.equal('no-capacity')
    expect(error.hint).to.contain('vmstatestorage')
  })

  it('goes back to the newest only in volume chains', async () => {
    await open('files')
    await done('create', 'web', 'first')
    await done('create', 'web', 'second')
    const storages = cluster.simulator.world.store.of('storages')
    const files = storages.get('files')!
    storages.update('files', {config: {...files.config, 'snapshot-as-volume-chain': 1}})
    expect((await refused(8, 'rollback', 'web', 'first', '--yes')).message).to.contain('volume chain')
    await done('rollback', 'web', 'second', '--yes')
  })

  it('takes them of several guests, by a pattern, and says what became of each', async () => {
    await open()
    await done('create', 'web', 'lab-100')
    const {exitCode, result} = await run('create', 'web', 'db', 'dns', '--name', 'lab-{vmid}', '--ram')
    expect(exitCode).to.equal(9)
    expect(result.results.map(({ok, snapshot}: {ok: boolean; snapshot?: string}) => [ok, snapshot])).to.deep.equal([
      [false, undefined],
      [true, 'lab-101'],
      [true, 'lab-200'],
    ])
    expect(result.results[0].error.code).to.equal('already-exists')
    expect(result.results[1].ram).to.equal(true)
    expect(result.results[2].ram).to.equal(false)

    const nightly = await done('create', '-l', 'type=lxc', 'nightly-{name}-{date}')
    for (const {automatic, name, snapshot} of nightly.results) {
      expect(snapshot).to.match(new RegExp(`^nightly-${name}-\\d{8}$`))
      expect(automatic).to.equal(true)
    }

    expect(nightly.summary).to.deep.equal({ok: 2, failed: 0})
    const [plain] = [await done('create', 'web')]
    expect(plain.snapshot).to.match(/^auto-\d{8}-\d{6}$/)
    expect(guest(100).snapshots?.[plain.snapshot]?.description).to.equal(AUTO)
    expect(await done('create', 'web', 'keep-{date}', '--no-automatic')).to.include({automatic: false})
  })

  it('plans without sending anything', async () => {
    await open()
    await done('create', 'web', 'before')
    cluster.requests.length = 0
    expect(await done('create', 'db', 'x1', '--ram', '--dry-run')).to.deep.include({
      dryRun: true,
      snapshot: 'x1',
      ram: true,
    })
    expect(await done('rollback', 'web', 'before', '--start', '-n')).to.deep.include({snapshot: 'before', start: true})
    expect(await done('delete', 'web', 'before', '-n')).to.deep.include({delete: ['before']})
    const several = await run('create', 'web', 'db', '--name', 'before', '-n')
    expect(several.exitCode).to.equal(9)
    expect(several.result[0].refused.code).to.equal('already-exists')
    const native = await cluster.run(['proxmox', 'snapshot', 'create', 'db', 'x1', '--ram', '--print-native'])
    expect(native.stdout).to.contain('qm snapshot 101 x1 --vmstate 1')
    expect(writes()).to.deep.equal([])
  })

  it('deletes from the middle, of several guests, and passes over those that have none', async () => {
    await open()
    for (const name of ['first', 'second', 'third']) await done('create', 'web', name)
    await done('create', 'db', 'second')
    const {exitCode, result} = await run('delete', '--all', 'second', '--yes')
    expect(exitCode).to.equal(0)
    expect(result.results.map(({deleted}: {deleted: string[]}) => deleted.length)).to.deep.equal([1, 1, 0, 0, 0])
    expect(guest(100).snapshots?.['third']?.parent).to.equal('first')
    expect((await refused(5, 'delete', '--all', 'second', '--yes')).code).to.equal('not-found')
  })

  it('prunes its own by the rules, in the zone of the node, and never what was made by hand', async () => {
    await open()
    const days = Array.from({length: 10}, (_, index) => `2026-11-${String(index + 1).padStart(2, '0')}`)
    const chain = [...days.map((day) => [`nightly-${day}`, AUTO]), ['by-hand', 'mine']]
    put(
      100,
      Object.fromEntries(
        chain.map(([name, description], index) => [
          name!,
          {
            snaptime: at(`${days[index] ?? '2026-11-11'}T02:00Z`),
            description: description!,
            ...(index > 0 && {parent: chain[index - 1]![0]!}),
          },
        ]),
      ),
      'by-hand',
    )
    put(101, {half: {snaptime: at('2026-11-01T02:00Z'), description: AUTO, snapstate: 'delete'}}, undefined)
    const rules = ['--keep-last', '2', '--keep-daily', '3']
    cluster.requests.length = 0
    const plan = await done('prune', '--all', ...rules, '-n')
    expect(writes()).to.deep.equal([])
    expect(plan[0].delete).to.deep.equal(days.slice(0, 5).map((day) => `nightly-${day}`))
    const marks = new Map(
      plan[0].decisions.map(({by, mark, snapshot}: {by?: string; mark: string; snapshot: string}) => [
        snapshot,
        by ?? mark,
      ]),
    )
    expect([...marks.values()].slice(5)).to.deep.equal(['daily', 'daily', 'daily', 'last', 'last', 'foreign'])
    expect(plan[1]).to.deep.include({delete: []})
    expect(plan[1].decisions[0].mark).to.equal('incomplete')

    expect((await refused(2, 'prune', '--all', ...rules)).hint).to.contain('--yes')
    expect((await refused(2, 'prune', '--all', '--yes')).message).to.contain('what shall be kept')
    const pruned = await cluster.run(['proxmox', 'snapshot', 'prune', '--all', ...rules, '--yes', '--json'])
    expect(pruned.exitCode).to.equal(0)
    expect(pruned.stderr).to.contain('nightly-2026-11-01')
    expect(pruned.json().results[0].deleted).to.have.length(5)
    expect(names(100)).to.deep.equal([...days.slice(5).map((day) => `nightly-${day}`), 'by-hand'])
    expect(guest(100).snapshots?.['nightly-2026-11-06']).not.to.have.property('parent')
    expect(guest(100).config['parent']).to.equal('by-hand')

    const old = await done('prune', 'web', '--older-than', '1h', '--any', '--yes')
    expect(old.deleted).to.have.length(6)
    expect((await done('prune', 'web', '--keep-last', '1')).changed).to.equal(false)
  })

  it('says what a failed deletion or rollback leaves, and how it goes away', async () => {
    await open('thin')
    await done('create', 'proxy', 'before')
    const fail = (type: string) => cluster.simulator.faults.add({kind: 'task-fail', type, text: 'lvremove failed'})
    await fail('vzdelsnapshot')
    const deletion = await run('delete', 'proxy', 'before', '--yes')
    expect(deletion.exitCode).to.equal(7)
    expect(deletion.result.error.details).to.include({snapshot: 'before', snapState: 'delete', lock: 'snapshot-delete'})
    expect(deletion.result.error.hint)
      .to.contain('lxc unlock 201')
      .and.to.contain('snapshot delete 201 before --force')
      .and.to.contain('task log')
    const again = await refused(6, 'delete', 'proxy', 'before', '--yes')
    expect(again.message).to.contain('locked (snapshot-delete): a snapshot is being deleted, or that was cut off')

    await done('create', 'db', 'before')
    await fail('qmrollback')
    const rollback = await run('rollback', 'db', 'before', '--yes')
    expect(rollback.exitCode).to.equal(7)
    expect(rollback.result.error.details.status).to.equal('stopped')
    expect(rollback.result.error.hint).to.contain('It was stopped for this: homelab proxmox vm start 101')
    await fail('qmsnapshot')
    expect((await run('create', 'web', 'later')).exitCode).to.equal(7)
    expect(names(100)).to.deep.equal([])
  })

  it('gives the UPID without waiting', async () => {
    await open()
    expect((await done('create', 'web', 'before', '--no-wait')).upid).to.contain(':qmsnapshot:100:')
    const {stdout} = await cluster.run(['proxmox', 'snapshot', 'create', 'dns', 'before', '--no-wait'])
    expect(stdout).to.match(/^UPID:.*:vzsnapshot:200:.*\n$/)
  })

  it('finds out what became of a request whose answer was lost, and sends it once', async () => {
    await open()
    for (const [method, argv] of [
      ['POST', ['create', 'web', 'before']],
      ['POST', ['rollback', 'web', 'before', '--yes']],
      ['DELETE', ['delete', 'web', 'before', '--yes']],
    ] as const) {
      cluster.requests.length = 0
      cluster.meddle = (request) => (request.method === method ? {drop: 'after'} : undefined)
      expect((await done(...argv)).changed).to.equal(true)
      expect(writes()).to.have.length(1)
      cluster.meddle = undefined
    }

    await done('create', 'dns', 'before')
    cluster.meddle = ({method}) => (method === 'POST' ? {drop: 'before'} : undefined)
    expect((await run('rollback', 'dns', 'before', '--yes')).exitCode).to.equal(12)
  })
})
