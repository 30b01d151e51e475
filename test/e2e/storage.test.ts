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
})
