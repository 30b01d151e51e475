import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {stepsOn} from '../helpers/guest-steps.js'
import {storagesFixture} from '../helpers/storages-fixture.js'

const GIB = 2 ** 30

describe('storage', () => {
  let cluster: TestCluster

  afterEach(() => cluster.stop())

  const open = async (pveVersion: '8.4' | '9.2' = '9.2') => {
    cluster = await startCluster({fixture: storagesFixture(), pveVersion})
  }

  const {done, refused, run} = stepsOn(() => cluster)
  const by = (key: string, rows: Record<string, unknown>[]) => new Map(rows.map((row) => [row[key], row]))

  for (const pveVersion of ['8.4', '9.2'] as const) {
    it(`${pveVersion}: lists storages of each kind, with what is known of them`, async () => {
      await open(pveVersion)
      const rows = by('storage', await done('storage', 'list'))
      expect([...rows.keys()]).to.deep.equal(['attic', 'files', 'isos', 'nas', 'second', 'tank', 'thin', 'vault'])
      expect(rows.get('thin')).to.deep.include({
        type: 'lvmthin',
        status: 'available',
        shared: false,
        enabled: true,
        nodes: ['pve1', 'pve2'],
        content: ['images', 'rootdir'],
        totalBytes: 400 * GIB,
      })
      expect(rows.get('nas')).to.deep.include({type: 'nfs', shared: true, totalBytes: 4096 * GIB})
      expect(rows.get('vault')).to.deep.include({type: 'pbs', shared: true, content: ['backup']})
      expect(rows.get('second')).to.deep.include({nodes: ['pve2'], totalBytes: 20 * GIB})
      expect(rows.get('attic')).to.deep.include({status: 'disabled', enabled: false})
      expect(rows.get('attic')).not.to.have.any.keys('totalBytes', 'usedBytes', 'usedFraction')

      const byNode = await done('storage', 'list', '--by-node')
      expect(byNode.filter(({storage}: {storage: string}) => storage === 'tank')).to.have.length(2)
      expect(byNode.find(({storage}: {storage: string}) => storage === 'tank')).to.include({
        node: 'pve1',
        type: 'zfspool',
        totalBytes: 200 * GIB,
      })
      expect(cluster.requests.filter(({path}) => path.startsWith('/nodes'))).to.deep.equal([])
    })

    it(`${pveVersion}: shows a definition and what each node makes of it`, async () => {
      await open(pveVersion)
      const names = await cluster.run(['proxmox', 'storage', 'content', 'nas', '-o', 'name'])
      const volumes = await done('storage', 'content', 'nas')
      expect(names.stdout.trim().split('\n')).to.deep.equal(volumes.map(({volume}: {volume: string}) => volume))
      const nas = await done('storage', 'show', 'nas')
      expect(nas).to.deep.include({type: 'nfs', shared: true, enabled: true, content: ['images', 'iso', 'backup']})
      expect(nas.options).to.include({server: '192.0.2.20', export: '/srv/nas'})
      expect(nas.states.map(({node, state}: Record<string, string>) => [node, state])).to.deep.equal([
        ['pve1', 'active'],
        ['pve2', 'active'],
      ])
      expect(nas.states[0].totalBytes).to.equal(4096 * GIB)
      expect(await done('storage', 'show', 'attic')).to.deep.include({enabled: false})
      const {stdout} = await cluster.run(['proxmox', 'storage', 'show', 'tank'])
      expect(stdout).to.match(/^Type +zfspool$/m)
      expect(stdout).to.match(/^pool +tank$/m)
      expect(stdout).to.match(/^pve2 +active +/m)
      const missing = await refused(5, 'storage', 'show', 'nsa')
      expect(missing.hint).to.contain('Did you mean "nas"?')
    })

    it(`${pveVersion}: lists what lies on directories, LVM-thin, ZFS and backup servers`, async () => {
      await open(pveVersion)
      const files = await done('storage', 'content', 'files')
      const disk = files.find(({vmid}: {vmid?: number}) => vmid === 100)
      expect(disk).to.include({
        volume: 'files:100/vm-100-disk-0.qcow2',
        node: 'pve1',
        content: 'images',
        format: 'qcow2',
        sizeBytes: 8 * GIB,
        guest: 'web',
      })
      expect(disk.usedBytes).to.be.a('number')
      expect(files.find(({vmid}: {vmid?: number}) => vmid === 102)).to.include({node: 'pve2', guest: 'far'})
      expect(files.find(({vmid}: {vmid?: number}) => vmid === 200)).to.include({content: 'rootdir', guest: 'dns'})

      const [left] = await done('storage', 'content', 'thin', '--node', 'pve1')
      expect(left).to.include({volume: 'thin:vm-900-disk-0', format: 'raw', vmid: 900})
      expect(left).not.to.have.any.keys('guest', 'usedBytes')
      expect(await done('storage', 'content', 'tank')).to.deep.equal([])

      const [container, machine] = await done('storage', 'content', 'vault')
      expect(machine).to.deep.include({
        content: 'backup',
        format: 'pbs-vm',
        guest: 'web',
        guestType: 'qemu',
        createdAt: '2026-01-02T03:04:05.000Z',
        notes: 'web\nbefore the upgrade',
        protected: true,
      })
      expect(machine).not.to.have.any.keys('node', 'usedBytes')
      expect(container).to.deep.include({format: 'pbs-ct', guest: 'dns', guestType: 'lxc'})
      expect(container).not.to.have.any.keys('protected', 'notes')
      expect(await done('storage', 'content', 'vault', '--guest', 'dns')).to.have.length(1)
      expect(await done('storage', 'content', 'nas', '--type', 'iso')).to.have.length(1)
      expect(await done('storage', 'content', 'nas', '--type', 'backup')).to.deep.equal([])
    })

    it(`${pveVersion}: tells what storages are full of, and of whose`, async () => {
      await open(pveVersion)
      const storages = await done('storage', 'usage')
      const at = (name: string, node?: string) =>
        storages.find((one: {storage: string; node?: string}) => one.storage === name && one.node === node)
      expect(at('attic', 'pve1')).to.equal(undefined)
      const files = at('files', 'pve1')
      expect(files.volumes.images).to.include({count: 2, sizeBytes: 16 * GIB})
      expect(files.volumes.images.usedBytes).to.equal(8 * GIB)
      expect(files.volumes.rootdir).to.include({count: 2, sizeBytes: 16 * GIB})
      expect(files.freeBytes).to.equal(files.totalBytes - files.usedBytes)
      expect(at('files', 'pve2').volumes).to.have.all.keys('images')
      expect(at('thin', 'pve1').volumes).to.deep.equal({images: {count: 1, sizeBytes: 4 * GIB}})
      expect(at('tank', 'pve2')).to.deep.include({type: 'zfspool', volumes: {}})
      expect(at('vault')).to.deep.include({type: 'pbs', volumes: {backup: {count: 2, sizeBytes: 9 * GIB}}})

      const guests = by('vmid', await done('storage', 'usage', '--by-guest'))
      expect([...guests.keys()]).to.deep.equal([100, 101, 102, 200, 201, 900])
      expect(guests.get(100)).to.deep.equal({
        vmid: 100,
        name: 'web',
        type: 'qemu',
        node: 'pve1',
        disks: {count: 1, sizeBytes: 8 * GIB, usedBytes: 4 * GIB},
        backups: {count: 1, sizeBytes: 8 * GIB},
        newestBackupAt: '2026-01-02T03:04:05.000Z',
        storages: ['files', 'vault'],
      })
      expect(guests.get(900)).to.deep.equal({vmid: 900, disks: {count: 1, sizeBytes: 4 * GIB}, storages: ['thin']})
      expect((await done('storage', 'usage', 'vault')).length).to.equal(1)
      expect((await refused(5, 'storage', 'usage', 'valt')).hint).to.contain('"vault"')
    })
  }

  it('tells what it knows where a storage does not answer, and that it is not all', async () => {
    await open()
    cluster.meddle = ({path}) =>
      path.startsWith('/nodes/pve1/storage/vault/content')
        ? {answer: {status: 500, reason: 'vault: error fetching snapshots', body: ''}}
        : undefined
    const {exitCode, json, stderr} = await cluster.run(['proxmox', 'storage', 'usage', '--json'])
    expect(exitCode).to.equal(9)
    expect(stderr).to.contain('error fetching snapshots')
    const vault = json().find(({storage}: {storage: string}) => storage === 'vault')
    expect(vault).not.to.have.property('volumes')
    expect(vault.error).to.contain('error fetching snapshots')
    expect(vault.totalBytes).to.equal(8192 * GIB)
  })

  it('says where a storage is not, and that a disabled one holds nothing to be seen', async () => {
    await open()
    expect(await refused(8, 'storage', 'content', 'second', '--node', 'pve1')).to.deep.include({
      message: 'storage "second" is not for node pve1, only for pve2',
    })
    expect((await refused(8, 'storage', 'content', 'attic')).hint).to.contain('storage enable attic')
    expect((await refused(5, 'storage', 'content', 'nas', '--node', 'pve9')).message).to.contain('no node "pve9"')
  })

  it('keeps the figures of a dead node to itself', async () => {
    await open()
    cluster.simulator.world.killNode('pve2')
    cluster.requests.length = 0
    const rows = by('storage', await done('storage', 'list'))
    expect(rows.get('thin')).to.deep.include({status: 'partly'})
    expect(rows.get('thin')).not.to.have.any.keys('totalBytes', 'usedBytes')
    expect(rows.get('nas')).to.deep.include({status: 'partly', totalBytes: 4096 * GIB})
    expect(rows.get('second')).to.deep.include({status: 'unknown'})
    const shown = await done('storage', 'show', 'thin')
    expect(shown.states[1]).to.deep.equal({node: 'pve2', state: 'offline'})
    expect((await run('storage', 'content', 'second')).exitCode).to.equal(8)
  })

  for (const pveVersion of ['8.4', '9.2'] as const) {
    it(`${pveVersion}: lists the disks of nodes`, async () => {
      await open(pveVersion)
      const disks = await done('node', 'disk', 'list')
      expect(disks.map(({node, device}: Record<string, string>) => `${node} ${device}`)).to.deep.equal([
        'pve1 /dev/sda',
        'pve2 /dev/sda',
      ])
      expect(disks[0]).to.include({type: 'ssd', health: 'PASSED', usage: 'ZFS', mounted: false, vendor: 'SIM'})
      expect(disks[0]).not.to.have.any.keys('wearFraction', 'wwn', 'rpm', 'osds')
      expect(await done('node', 'disk', 'list', 'pve2')).to.have.length(1)
      expect((await refused(5, 'node', 'disk', 'list', 'pve9')).hint).to.contain('pve1, pve2')
      cluster.simulator.world.killNode('pve2')
      expect((await run('node', 'disk', 'list')).exitCode).to.equal(9)
      expect((await run('node', 'disk', 'list', 'pve2')).exitCode).to.equal(8)
    })
  }

  describe('add', () => {
    const LIKE: readonly (readonly [type: string, flags: readonly string[], told: Record<string, unknown>])[] = [
      [
        'dir',
        ['--path', '/srv/new', '--content', 'iso,backup', '--keep-last', '3'],
        {path: '/srv/new', 'prune-backups': 'keep-last=3'},
      ],
      [
        'nfs',
        ['--server', 'nas.lan', '--export', '/srv/pve', '--options', 'vers=4.2'],
        {server: 'nas.lan', options: 'vers=4.2'},
      ],
      ['cifs', ['--server', 'nas.lan', '--share', 'pve'], {share: 'pve'}],
      ['lvm', ['--vgname', 'pve', '--shared'], {vgname: 'pve'}],
      ['lvmthin', ['--vgname', 'pve', '--thinpool', 'data'], {thinpool: 'data'}],
      [
        'zfspool',
        ['--pool', 'tank/vms', '--sparse', '--blocksize', '16k', '--nodes', 'pve1'],
        {sparse: 1, blocksize: '16k'},
      ],
      ['btrfs', ['--path', '/mnt/pool', '--nocow'], {path: '/mnt/pool', nocow: 1}],
      [
        'iscsi',
        ['--portal', '192.0.2.20', '--target', 'iqn.2003-01.lan.nas:disks', '--content', 'none'],
        {portal: '192.0.2.20'},
      ],
      ['rbd', ['--pool', 'vms', '--krbd'], {pool: 'vms', krbd: 1}],
      ['cephfs', ['--fs-name', 'cephfs', '--content', 'iso,vztmpl'], {'fs-name': 'cephfs'}],
    ]

    for (const pveVersion of ['8.4', '9.2'] as const) {
      it(`${pveVersion}: adds each type, reads it back, and is content when it is there`, async () => {
        await open(pveVersion)
        cluster.simulator.world.store.of('storages').update('tank', {config: {pool: 'tank/vms', content: 'images'}})
        for (const [type, flags, told] of LIKE) {
          const added = await done('storage', 'add', type, `new-${type}`, ...flags)
          expect(added, type).to.include({storage: `new-${type}`, type, changed: true, enabled: true})
          expect(added.options, type).to.include(told)
          expect(
            added.states.map(({state}: {state: string}) => state),
            type,
          ).to.not.include('inactive')
          cluster.requests.length = 0
          expect(await done('storage', 'add', type, `new-${type}`, ...flags)).to.include({changed: false})
          expect(
            cluster.requests.filter(({method}) => method !== 'GET'),
            type,
          ).to.deep.equal([])
        }

        const shown = await done('storage', 'show', 'new-iscsi')
        expect(shown).to.deep.include({shared: true, content: []})
        expect(await done('storage', 'show', 'new-zfspool')).to.deep.include({nodes: ['pve1'], shared: false})
        expect(await done('storage', 'show', 'new-lvm')).to.include({shared: true})
      })

      it(`${pveVersion}: adds a backup server with its pin, and never shows its password`, async () => {
        await open(pveVersion)
        const fingerprint = 'AB:'.repeat(31) + 'CD'
        const flags = [
          'storage',
          'add',
          'pbs',
          'safe',
          '--server',
          'pbs.lan',
          '--datastore',
          'main',
          '--username',
          'pve@pbs',
        ]
        const {exitCode, json, stdout, stderr} = await cluster.run(
          ['proxmox', ...flags, '--fingerprint', fingerprint.toLowerCase(), '--password-stdin', '--json', '--debug'],
          {stdin: 'very secret\n'},
        )
        expect(exitCode, stderr).to.equal(0)
        expect(json().options).to.include({fingerprint, datastore: 'main', username: 'pve@pbs'})
        expect(stdout + stderr).not.to.contain('very secret')
        expect(await refused(2, ...flags, '--fingerprint', 'AA:BB', '--password-stdin')).to.include({code: 'usage'})
        const cifs = ['storage', 'add', 'cifs', 'share', '--server', 'x', '--share', 'y', '--username', 'z']
        const absent = await refused(2, ...cifs, '--password-file', '/nowhere/pw')
        expect(absent.message).to.match(/^--password-file: .*\/nowhere\/pw does not exist$/)
        expect(absent.hint).not.to.contain('auth login')
      })
    }

    it('says which node lacks what a storage is made of', async () => {
      await open()
      await done('storage', 'set', 'tank', '--nodes', 'pve1')
      const {exitCode, result} = await run('storage', 'add', 'zfspool', 'more', '--pool', 'tank')
      expect(exitCode).to.equal(9)
      expect(result).to.include({changed: true})
      expect(result.states[0]).to.include({node: 'pve1', state: 'active'})
      expect(result.states[1]).to.include({node: 'pve2', state: 'inactive'})
      expect(result.states[1].error).to.contain("cannot import 'tank': no such pool available")
      expect(result.states[1]).not.to.have.property('totalBytes')
      const none = await run('storage', 'add', 'lvm', 'nothing', '--vgname', 'vg9')
      expect(none).to.deep.include({exitCode: 5})
      expect((await run('storage', 'show', 'nothing')).exitCode).to.equal(5)
    })

    it('asks whose certificate a backup server shows, and sends nothing before', async () => {
      await open()
      const {port} = new URL(cluster.simulator.url)
      const flags = ['--server', '127.0.0.1', '--port', port, '--datastore', 'main', '--password-stdin']
      const {exitCode, json, stderr} = await cluster.run(
        ['proxmox', 'storage', 'add', 'pbs', 'safe', ...flags, '--json'],
        {
          stdin: 'very secret',
        },
      )
      expect(exitCode).to.equal(2)
      expect(stderr).to.contain(cluster.simulator.fingerprint)
      expect(json().error.hint).to.contain(`--fingerprint ${cluster.simulator.fingerprint}`)
      expect(cluster.requests.filter(({method}) => method !== 'GET')).to.deep.equal([])
    })

    it('refuses what cannot be before anything is sent', async () => {
      await open('8.4')
      const add = (exitCode: number, ...argv: string[]) => refused(exitCode, 'storage', 'add', ...argv)
      expect((await add(2, 'dir', 'files', '--path', 'srv')).message).to.contain('"srv" is no path')
      expect((await add(2, 'dir', '1x', '--path', '/srv')).message).to.contain('cannot be the name')
      expect((await add(2, 'lvm', 'x1', '--vgname', 'pve', '--content', 'iso')).hint).to.contain('images, rootdir')
      expect((await add(2, 'dir', 'x1', '--path', '/x', '--keep-last', '3')).hint).to.contain('images,rootdir,backup')
      expect((await add(2, 'nfs', 'x1', '--server', 'https://nas', '--export', '/x')).hint).to.contain(
        'without https://',
      )
      expect((await add(2, 'zfspool', 'x1')).message).to.contain('--pool')
      expect((await add(5, 'dir', 'x1', '--path', '/x', '--nodes', 'pve1,pve7')).message).to.contain('no node "pve7"')
      expect((await add(5, 'lvm', 'x1', '--vgname', 'san', '--base', 'san:0.0.1.x')).message).to.contain('"san"')
      expect((await add(6, 'dir', 'files', '--path', '/elsewhere')).hint).to.contain('storage show files')
      expect((await add(8, 'dir', 'x1', '--path', '/x', '--snapshot-as-volume-chain')).message).to.contain('9.0')
      expect((await add(2, 'cifs', 'x1', '--server', 'nas', '--share', 'x', '--username', 'me')).hint).to.contain(
        '--password-stdin',
      )
    })

    it('shows the plan, and the line of pvesm, without changing anything', async () => {
      await open()
      cluster.requests.length = 0
      const plan = await done(
        'storage',
        'add',
        'dir',
        'x1',
        '--path',
        '/x',
        '--nodes',
        'pve2',
        '--content',
        'iso',
        '-n',
      )
      expect(plan).to.deep.equal({
        dryRun: true,
        action: 'add',
        storage: 'x1',
        type: 'dir',
        parameters: {path: '/x', content: 'iso', nodes: 'pve2'},
        nodes: ['pve2'],
      })
      const line = async (...argv: string[]) =>
        (await done('storage', 'add', ...argv, '--print-native')).commands[0].command
      expect(await line('dir', 'x1', '--path', '/x y', '--content', 'iso', '--shared').catch(() => 'refused')).to.equal(
        'refused',
      )
      expect(await line('dir', 'x1', '--path', '/x', '--content', 'iso,backup', '--shared')).to.equal(
        'pvesm add dir x1 --path /x --content iso,backup --shared 1',
      )
      expect(await line('pbs', 'x1', '--server', 'pbs', '--datastore', 'main', '--username', 'pve@pbs')).to.equal(
        'pvesm add pbs x1 --server pbs --datastore main --username pve@pbs --password "$PASSWORD"',
      )
      expect(cluster.requests.filter(({method}) => method !== 'GET')).to.deep.equal([])
    })

    it('looks what became of it where the answer is lost', async () => {
      await open()
      cluster.meddle = ({method, path}) => (method === 'POST' && path === '/storage' ? {drop: 'after'} : undefined)
      expect(await done('storage', 'add', 'dir', 'x1', '--path', '/x')).to.include({changed: true})
      cluster.meddle = ({method, path}) => (method === 'POST' && path === '/storage' ? {drop: 'before'} : undefined)
      expect((await run('storage', 'add', 'dir', 'x2', '--path', '/x')).exitCode).to.equal(12)
    })
  })

  describe('set, enable, disable, remove', () => {
    const config = (storage: string) => cluster.simulator.world.store.of('storages').get(storage)?.config

    for (const pveVersion of ['8.4', '9.2'] as const) {
      it(`${pveVersion}: changes what differs, with the digest, and nothing twice`, async () => {
        await open(pveVersion)
        const change = [
          'storage',
          'set',
          'nas',
          '--content',
          'iso,backup',
          '--nodes',
          'pve1',
          'prune-backups=keep-last=2',
        ]
        expect(await done(...change, '--dry-run')).to.deep.include({
          dryRun: true,
          parameters: {content: 'iso,backup', nodes: 'pve1', 'prune-backups': 'keep-last=2'},
        })
        expect(config('nas')).to.include({content: 'images,iso,backup'})
        const changed = await done(...change)
        expect(changed).to.deep.include({changed: true, content: ['iso', 'backup'], nodes: ['pve1']})
        expect(changed.options).to.include({'prune-backups': 'keep-last=2'})
        cluster.requests.length = 0
        expect(await done(...change)).to.include({changed: false})
        expect(cluster.requests.filter(({method}) => method !== 'GET')).to.deep.equal([])
        const back = await done('storage', 'set', 'nas', '--all-nodes', '--delete', 'prune-backups')
        expect(back).to.include({changed: true})
        expect(back).not.to.have.property('nodes')
        expect(config('nas')).not.to.have.any.keys('nodes', 'prune-backups')
        expect((await done('storage', 'set', 'tank', 'sparse=no')).options).to.include({sparse: 0})
        expect(await done('storage', 'set', 'tank', 'sparse=0')).to.include({changed: false})
      })

      it(`${pveVersion}: enables and disables, one or several`, async () => {
        await open(pveVersion)
        const off = await done('storage', 'disable', 'nas', 'attic')
        expect(off.results.map(({target, changed}: Record<string, unknown>) => [target, changed])).to.deep.equal([
          ['nas', true],
          ['attic', false],
        ])
        expect(config('nas')).to.include({disable: 1})
        expect(await done('storage', 'enable', 'nas', '--dry-run')).to.include({dryRun: true, changed: true})
        const on = await done('storage', 'enable', 'nas')
        expect(on).to.include({changed: true, enabled: true})
        expect(on.states[0]).to.include({state: 'active'})
        expect(await done('storage', 'enable', 'nas')).to.include({changed: false})
        expect((await run('storage', 'enable', 'nas', 'nsa')).exitCode).to.equal(9)
      })

      it(`${pveVersion}: removes what nobody needs and leaves alone what somebody does`, async () => {
        await open(pveVersion)
        const {world} = cluster.simulator
        const inUse = await refused(8, 'storage', 'remove', 'files', '--yes')
        expect(inUse.message).to.equal(
          'storage "files" is used by web (VM 100), db (VM 101), far (VM 102), dns (container 200), proxy (container 201)',
        )
        expect(inUse.details.guests[0]).to.deep.equal({
          vmid: 100,
          name: 'web',
          type: 'qemu',
          node: 'pve1',
          volumes: ['files:100/vm-100-disk-0.qcow2'],
        })

        const web = world.store.of('guests').get(100)!
        world.store.of('guests').update(100, {config: {...web.config, ide2: 'nas:iso/alpine.iso,media=cdrom'}})
        expect((await refused(8, 'storage', 'remove', 'nas', '--yes')).message).to.contain('used by web (VM 100)')
        await run('api', 'put', '/nodes/pve1/qemu/100/config', '-d', 'delete=ide2')
        await run(
          'api',
          'post',
          '/cluster/backup',
          '-d',
          'id=nightly',
          '-d',
          'all=1',
          '-d',
          'schedule=03:00',
          '-d',
          'storage=nas',
        )
        expect((await refused(8, 'storage', 'remove', 'nas', '--yes')).message).to.contain('backup job nightly')
        await run('api', 'delete', '/cluster/backup/nightly')

        expect((await refused(2, 'storage', 'remove', 'nas')).hint).to.contain('--yes')
        expect(await done('storage', 'remove', 'nas', '--dry-run')).to.deep.include({dryRun: true, stays: {iso: 1}})
        const gone = await done('storage', 'remove', 'nas', '--yes')
        expect(gone).to.deep.equal({
          storage: 'nas',
          type: 'nfs',
          guests: [],
          backupJobs: [],
          replicationJobs: [],
          storages: [],
          stays: {iso: 1},
          changed: true,
        })
        expect(config('nas')).to.equal(undefined)
        expect([...world.store.of('volumes').values()].some(({volid}) => volid === 'nas:iso/alpine.iso')).to.equal(true)
        expect(await done('storage', 'remove', 'vault', '--yes')).to.deep.include({stays: {backup: 2}})
        expect(await done('storage', 'remove', 'attic', '--yes')).to.include({changed: true})
        expect(await done('storage', 'remove', 'files', '--force', '--yes')).to.include({changed: true})
        expect((await run('storage', 'remove', 'files', '--yes')).exitCode).to.equal(5)
      })
    }

    it('does not know enough to remove a storage while guests cannot be asked', async () => {
      await open()
      cluster.simulator.world.killNode('pve2')
      const unknown = await refused(8, 'storage', 'remove', 'nas', '--yes')
      expect(unknown.details).to.include({reason: 'use-unknown'})
      expect(unknown.message).to.contain('VM 102 is on pve2, which is offline')
    })

    it('names what stands on a storage', async () => {
      await open()
      await done('storage', 'add', 'iscsi', 'san', '--portal', '192.0.2.20', '--target', 'iqn.x', '--content', 'none')
      await done('storage', 'add', 'lvm', 'luns', '--vgname', 'luns', '--base', 'san:0.0.1.lun', '--shared')
      expect((await refused(8, 'storage', 'remove', 'san', '--yes')).message).to.contain('storage "luns"')
    })

    it('refuses changes that cannot be, and secrets in the command line', async () => {
      await open()
      const set = (exitCode: number, ...argv: string[]) => refused(exitCode, 'storage', 'set', ...argv)
      expect((await set(8, 'nas', 'export=/elsewhere')).message).to.contain('export of storage "nas" cannot change')
      expect((await set(2, 'nas', 'optoins=vers=4')).hint).to.contain('Did you mean "options"?')
      expect((await set(2, 'vault', 'password=secret')).message).not.to.contain('secret"')
      expect((await set(2, 'vault', '--content', 'iso')).hint).to.contain('backup')
      expect((await set(2, 'nas')).message).to.contain('nothing to change')
      expect((await set(5, 'nas', '--nodes', 'pve4')).message).to.contain('pve4')
      expect((await set(2, 'nas', 'options=vers=4', '--delete', 'options')).message).to.contain('at once')
    })

    it('does not overwrite what somebody else changed meanwhile', async () => {
      await open()
      const {world} = cluster.simulator
      cluster.meddle = ({method, path}) => {
        if (method === 'PUT' && path === '/storage/nas') {
          const tank = world.store.of('storages').get('tank')!
          world.store.of('storages').update('tank', {config: {...tank.config, content: 'images'}})
        }

        return undefined
      }
      const {exitCode, result} = await run('storage', 'set', 'nas', '--content', 'iso')
      expect(exitCode).to.equal(6)
      expect(result.error).to.include({code: 'digest-changed'})
      expect(config('nas')).to.include({content: 'images,iso,backup'})
    })

    it('changes a password without showing it', async () => {
      await open()
      const {exitCode, json, stdout, stderr} = await cluster.run(
        ['proxmox', 'storage', 'set', 'vault', '--password-stdin', '--json', '--debug'],
        {stdin: 'very secret\n'},
      )
      expect(exitCode, stderr).to.equal(0)
      expect(json()).to.include({changed: true})
      expect(stdout + stderr).not.to.contain('very secret')
      const native = await done('storage', 'set', 'vault', '--password-stdin', '--print-native')
      expect(native.commands[0].command).to.equal('pvesm set vault --password "$PASSWORD"')
    })
  })
})
