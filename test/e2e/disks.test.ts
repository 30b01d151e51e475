import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {stepsOn} from '../helpers/guest-steps.js'
import {DISK_STORAGES, storageFixture, type DiskStorage} from '../helpers/storage-fixture.js'

const GIB = 2 ** 30

describe('disks', () => {
  let cluster: TestCluster

  afterEach(() => cluster.stop())

  const open = async (storage: DiskStorage, pveVersion: '8.4' | '9.2' = '9.2') => {
    cluster = await startCluster({fixture: storageFixture(storage), pveVersion})
  }

  const {config, done, refused, run, volumes} = stepsOn(() => cluster)

  for (const pveVersion of ['8.4', '9.2'] as const) {
    for (const storage of DISK_STORAGES) {
      const other = DISK_STORAGES[(DISK_STORAGES.indexOf(storage) + 1) % 3]!

      it(`${pveVersion}, ${storage}: a VM's disk comes, grows, moves, changes hands and goes`, async () => {
        await open(storage, pveVersion)
        const added = await done('vm', 'disk', 'add', 'web', `${storage}:2GiB,ssd,discard`)
        expect(added).to.include({key: 'scsi1', changed: true, action: 'add'})
        expect(added.task.outcome).to.equal('ok')
        expect(added.disk).to.deep.include({storage, sizeBytes: 2 * GIB, options: {discard: 'on', ssd: true}})

        const grown = await done('vm', 'disk', 'resize', 'web', 'scsi1', '+1536MiB')
        expect(grown).to.include({changed: true, previousSizeBytes: 2 * GIB})
        expect(grown.disk.sizeBytes).to.equal(3.5 * GIB)
        expect(await done('vm', 'disk', 'resize', 'web', 'scsi1', '3.5GiB')).to.include({changed: false})
        expect(volumes(100).map(({size}) => size)).to.include(3.5 * GIB)

        const moved = await done('vm', 'disk', 'move', 'web', 'scsi1', other)
        expect(moved).to.include({changed: true, previousStorage: storage, keptAs: 'unused0'})
        expect(moved.disk).to.include({storage: other, sizeBytes: 3.5 * GIB})
        expect(await done('vm', 'disk', 'move', 'web', 'scsi1', other)).to.include({changed: false})

        const gone = await done('vm', 'disk', 'remove', 'web', 'unused0', '--yes')
        expect(gone).to.deep.include({changed: true, destroyed: true, volume: added.disk.volume})
        expect(volumes(100).map(({volid}) => volid)).not.to.include(added.disk.volume)

        const back = await done('vm', 'disk', 'move', 'web', 'scsi1', storage, '--delete-source')
        expect(back).not.to.have.property('keptAs')
        expect(volumes(100).map((volume) => volume.storage)).to.deep.equal([storage, storage])

        const detached = await done('vm', 'disk', 'detach', 'web', 'scsi1')
        expect(detached).to.include({changed: true, keptAs: 'unused0', volume: back.disk.volume})
        expect(await done('vm', 'disk', 'detach', 'web', 'unused0')).to.include({changed: false})
        const list = await done('vm', 'disk', 'list', 'web')
        expect(list.map(({key}: {key: string}) => key)).to.deep.equal(['scsi0', 'unused0'])
        expect(list[1]).to.include({unused: true, volume: back.disk.volume, sizeBytes: 3.5 * GIB})

        const attached = await done('vm', 'disk', 'attach', 'web', 'unused0,ssd', '--slot', 'scsi7')
        expect(attached.disk).to.include({key: 'scsi7', volume: back.disk.volume})
        expect(config(100)).not.to.have.property('unused0')
        expect(await done('vm', 'disk', 'attach', 'web', back.disk.volume)).to.include({changed: false, key: 'scsi7'})

        const given = await done('vm', 'disk', 'reassign', 'web', 'scsi7', 'db')
        expect(given.to).to.include({vmid: 101, name: 'db', key: 'scsi1'})
        expect(config(100)).not.to.have.property('scsi7')
        expect(config(101)['scsi1']).to.contain(given.to.volume)
        expect(volumes(100)).to.have.length(1)
      })

      it(`${pveVersion}, ${storage}: a container's mount point does the same`, async () => {
        await open(storage, pveVersion)
        const added = await done('lxc', 'disk', 'add', 'dns', `${storage}:2GiB,backup`, '--mount', '/data')
        expect(added).to.include({key: 'mp0', changed: true})
        expect(added.disk).to.deep.include({mountPath: '/data', sizeBytes: 2 * GIB, options: {backup: true}})

        const grown = await done('lxc', 'disk', 'resize', 'dns', 'mp0', '4GiB')
        expect(grown.disk.sizeBytes).to.equal(4 * GIB)
        expect(await done('lxc', 'disk', 'resize', 'dns', 'mp0', '4096MiB')).to.include({changed: false})

        const moved = await done('lxc', 'disk', 'move', 'dns', 'mp0', other)
        expect(moved).to.include({keptAs: 'unused0', previousStorage: storage})
        expect(await done('lxc', 'disk', 'remove', 'dns', 'unused0', '--yes')).to.include({destroyed: true})

        const detached = await done('lxc', 'disk', 'detach', 'dns', 'mp0')
        expect(detached.keptAs).to.equal('unused0')
        const attached = await done('lxc', 'disk', 'attach', 'dns', 'unused0', '--mount', '/srv', '--slot', 'mp3')
        expect(attached.disk).to.include({key: 'mp3', mountPath: '/srv', volume: detached.volume})

        const given = await done('lxc', 'disk', 'reassign', 'dns', 'mp3', 'proxy', '--slot', 'mp5')
        expect(given.to).to.include({vmid: 201, key: 'mp5'})
        expect(config(201)['mp5']).to.contain('mp=/srv')

        const again = await done('lxc', 'disk', 'add', 'dns', `${storage}:1GiB`, '--mount', '/scratch')
        const gone = await done('lxc', 'disk', 'remove', 'dns', again.key, '--yes')
        expect(gone).to.include({destroyed: true})
        expect(volumes(200)).to.have.length(1)
        expect(Object.keys(config(200)).filter((key) => /^(?:mp|unused)/.test(key))).to.deep.equal([])
      })
    }
  }

  it('adds to a running guest at once where the bus allows it, and says where it does not', async () => {
    await open('thin')
    expect(await done('vm', 'disk', 'add', 'db', 'thin:1GiB')).not.to.have.property('restartNeeded')
    const waiting = await done('vm', 'disk', 'add', 'db', 'thin:1GiB', '--bus', 'sata')
    expect(waiting).to.deep.include({key: 'sata0', restartNeeded: true})
    expect(waiting.disk.pending).to.equal('add')
    const {stdout} = await cluster.run(['proxmox', 'vm', 'disk', 'list', 'db'])
    expect(stdout).to.match(/sata0.*add/)
    const taken = await refused(6, 'vm', 'disk', 'add', 'db', 'thin:1GiB', '--slot', 'sata0')
    expect(taken.code).to.equal('already-exists')
    expect(await done('lxc', 'disk', 'add', 'proxy', 'thin:1GiB', '--mount', '/data')).not.to.have.property(
      'restartNeeded',
    )
    expect((await done('lxc', 'disk', 'detach', 'proxy', 'mp0')).restartNeeded).to.equal(true)
    expect(await done('lxc', 'disk', 'detach', 'proxy', 'mp0')).to.include({changed: false, restartNeeded: true})
  })

  it('puts an ISO into the empty drive, and imports a cloud image or a copy of a disk', async () => {
    await open('files')
    const disc = await done('vm', 'disk', 'attach', 'web', 'isos:iso/debian.iso')
    expect(disc.disk).to.deep.include({key: 'ide0', kind: 'cdrom', options: {media: 'cdrom'}})
    const image = await done('vm', 'disk', 'import', 'web', 'files:import/debian.qcow2,discard', '--storage', 'thin')
    expect(image.disk).to.deep.include({key: 'scsi1', storage: 'thin', sizeBytes: 3 * GIB, options: {discard: 'on'}})
    const copy = await done('vm', 'disk', 'import', 'web', 'files:101/vm-101-disk-0.qcow2')
    expect(copy.disk).to.include({key: 'scsi2', storage: 'files', sizeBytes: 8 * GIB})
    expect((await refused(8, 'vm', 'disk', 'import', 'web', 'isos:iso/debian.iso')).details.reason).to.equal(
      'volume-content',
    )
    expect((await refused(5, 'vm', 'disk', 'import', 'web', 'files:import/debiam.qcow2')).hint).to.contain(
      'files:import/debian.qcow2',
    )
  })

  it('refuses before anything is sent, and says what to do instead', async () => {
    await open('thin')
    const shrink = await refused(2, 'vm', 'disk', 'resize', 'web', 'scsi0', '4GiB')
    expect(shrink.message).to.contain('cannot shrink')
    expect(shrink.hint).to.contain('disk add web thin:4GiB').and.contain('disk remove web scsi0')
    expect((await refused(2, 'vm', 'disk', 'resize', 'web', 'scsi0', '40')).hint).to.contain('40GiB')
    expect((await refused(5, 'vm', 'disk', 'resize', 'web', 'scsi1', '+1GiB')).hint).to.contain('"scsi0"')

    const cases: [number, string, string[]][] = [
      [5, 'storage-unknown', ['vm', 'disk', 'add', 'web', 'thim:1GiB']],
      [8, 'storage-not-on-node', ['vm', 'disk', 'add', 'web', 'second:1GiB']],
      [8, 'storage-content', ['vm', 'disk', 'add', 'web', 'isos:1GiB']],
      [8, 'storage-full', ['vm', 'disk', 'add', 'web', 'thin:900GiB']],
      [8, 'storage-full', ['vm', 'disk', 'resize', 'web', 'scsi0', '+900GiB']],
      [8, 'storage-content', ['vm', 'disk', 'move', 'web', 'scsi0', 'isos']],
      [8, 'volume-of-other', ['vm', 'disk', 'attach', 'web', 'thin:vm-101-disk-0']],
      [8, 'is-running', ['lxc', 'disk', 'move', 'proxy', 'rootfs', 'tank']],
      [8, 'is-running', ['vm', 'disk', 'reassign', 'db', 'scsi0', 'web']],
      [8, 'other-node', ['vm', 'disk', 'reassign', 'web', 'scsi0', 'far']],
      [8, 'disk-kind', ['lxc', 'disk', 'remove', 'dns', 'rootfs', '--yes']],
      [8, 'disk-kind', ['lxc', 'disk', 'detach', 'dns', 'rootfs']],
    ]
    for (const [exitCode, reason, argv] of cases) {
      expect((await refused(exitCode, ...argv)).details.reason, argv.join(' ')).to.equal(reason)
    }

    await refused(2, 'vm', 'disk', 'add', 'web', 'thin:1GiB,ssd', '--bus', 'virtio')
    await refused(2, 'lxc', 'disk', 'add', 'dns', 'thin:1GiB')
    await refused(2, 'vm', 'disk', 'remove', 'web', 'scsi0')
  })

  it('lets a thin storage promise more than it has when told to', async () => {
    await open('thin')
    const added = await done('vm', 'disk', 'add', 'web', 'thin:900GiB', '--overcommit')
    expect(added.disk.sizeBytes).to.equal(900 * GIB)
  })

  it('refuses what a lock, the protection or a snapshot forbids', async () => {
    await open('files')
    const guests = cluster.simulator.world.store.of('guests')
    guests.update(100, {config: {...config(100), protection: 1}})
    expect((await refused(8, 'vm', 'disk', 'detach', 'web', 'scsi0')).code).to.equal('protected')
    guests.update(100, {config: {...config(100), protection: 0, lock: 'backup'}})
    expect((await refused(6, 'vm', 'disk', 'resize', 'web', 'scsi0', '+1GiB')).code).to.equal('locked')
    guests.update(100, {config: {...config(100), lock: undefined as never}})
    const {exitCode} = await cluster.run([
      ...['proxmox', 'api', 'post', '/nodes/pve1/qemu/100/snapshot', '-d', 'snapname=before'],
    ])
    expect(exitCode).to.equal(0)
    const held = await refused(8, 'vm', 'disk', 'move', 'web', 'scsi0', 'thin', '--delete-source')
    expect(held.details).to.deep.include({reason: 'in-snapshots', snapshots: ['before']})
    expect(await done('vm', 'disk', 'move', 'web', 'scsi0', 'thin')).to.include({keptAs: 'unused0'})
    expect((await refused(8, 'vm', 'disk', 'remove', 'web', 'unused0', '--yes')).details.reason).to.equal(
      'in-snapshots',
    )
  })

  it('loses nothing when another changes the guest meanwhile', async () => {
    await open('thin')
    const guests = cluster.simulator.world.store.of('guests')
    for (const [vmid, argv] of [
      [100, ['vm', 'disk', 'add', 'web', 'thin:1GiB']],
      [100, ['vm', 'disk', 'resize', 'web', 'scsi0', '+1GiB']],
      [100, ['vm', 'disk', 'move', 'web', 'scsi0', 'tank']],
      [100, ['vm', 'disk', 'detach', 'web', 'scsi0']],
      [200, ['lxc', 'disk', 'add', 'dns', 'thin:1GiB', '--mount', '/data']],
      [200, ['lxc', 'disk', 'resize', 'dns', 'rootfs', '+1GiB']],
      [200, ['lxc', 'disk', 'move', 'dns', 'rootfs', 'tank']],
    ] as const) {
      let changes = 0
      cluster.meddle = ({method}) => {
        if (method !== 'GET')
          guests.update(vmid, {config: {...config(vmid), description: `${argv.join(' ')} ${++changes}`}})
        return undefined
      }
      const before = volumes(vmid).map(({size, volid}) => [volid, size])
      const {exitCode, result} = await run(...argv)
      expect(exitCode, argv.join(' ')).to.equal(6)
      expect(result.error.code).to.equal('digest-changed')
      expect(changes).to.equal(1)
      expect(volumes(vmid).map(({size, volid}) => [volid, size])).to.deep.equal(before)
    }
  })

  it('follows a guest that moved to another node between looking and acting', async () => {
    await open('files')
    const guests = cluster.simulator.world.store.of('guests')
    cluster.meddle = ({method, path}) => {
      // The list still told the old node.
      if (method === 'GET' && path.includes('/pending')) {
        cluster.meddle = undefined
        guests.update(200, {node: 'pve2', config: {...config(200), rootfs: 'files:200/vm-200-disk-0.raw,size=8G'}})
      }

      return undefined
    }
    const added = await done('lxc', 'disk', 'add', 'dns', 'files:1GiB', '--mount', '/data')
    expect(added).to.include({node: 'pve2', key: 'mp0', changed: true})
    cluster.meddle = ({method}) => {
      if (method !== 'GET') {
        cluster.meddle = undefined
        guests.update(100, {node: 'pve2'})
      }

      return undefined
    }
    expect(await done('vm', 'disk', 'add', 'web', 'files:1GiB')).to.include({node: 'pve2', key: 'scsi1'})
    expect(Object.keys(config(100)).filter((key) => /^scsi\d+$/.test(key))).to.deep.equal(['scsi0', 'scsi1'])
  })

  it('plans without a change, with the line for a shell', async () => {
    await open('tank')
    for (const [argv, command] of [
      [['vm', 'disk', 'add', 'web', 'tank:4GiB,ssd'], 'qm set 100 --scsi1 tank:4,ssd=1'],
      [['vm', 'disk', 'resize', 'web', 'scsi0', '+1536MiB'], 'qm resize 100 scsi0 9728M'],
      [['vm', 'disk', 'move', 'web', 'scsi0', 'thin', '--delete-source'], 'qm disk move 100 scsi0 thin --delete 1'],
      [['vm', 'disk', 'remove', 'web', 'scsi0'], 'qm set 100 --delete scsi0 --force 1'],
      [['lxc', 'disk', 'add', 'dns', 'tank:4GiB', '--mount', '/data'], 'pct set 200 --mp0 tank:4,mp=/data'],
      [['lxc', 'disk', 'move', 'dns', 'rootfs', 'thin'], 'pct move-volume 200 rootfs thin'],
    ] as const) {
      cluster.requests.length = 0
      const planned = await done(...argv, '--dry-run')
      expect(planned).to.include({dryRun: true, changes: true})
      expect(planned.commands[0]).to.equal(command)
      expect(cluster.requests.every(({method}) => method === 'GET')).to.equal(true)
    }
  })

  it('gives the UPID without waiting, and speaks to people', async () => {
    await open('thin')
    const started = await done('vm', 'disk', 'move', 'web', 'scsi0', 'tank', '--no-wait')
    expect(started.upid).to.match(/^UPID:pve1:/)
    expect(started).not.to.have.property('task')
    const {stdout} = await cluster.run(['proxmox', 'vm', 'disk', 'resize', 'db', 'scsi0', '+2GiB'])
    expect(stdout).to.match(/^scsi0 of db \(VM 101\) resized: thin:vm-101-disk-0, 10 GiB, before 8 GiB\n/)
    expect(stdout).to.contain('the partition and the file system on it may need growing')
  })

  it('shows on a terminal how far a move is', async () => {
    cluster = await startCluster({fixture: storageFixture('thin'), speed: 4})
    const {exitCode, stderr} = await cluster.run(
      ['proxmox', 'vm', 'disk', 'move', 'db', 'scsi0', 'tank', '--poll-interval', '50ms'],
      {terminalWidth: 120},
    )
    expect(exitCode).to.equal(0)
    expect(stderr).to.match(/move of scsi0 of db \(VM 101\) to tank.* \d+%/)
  })

  it('lists what it may see, and leaves open what it may not', async () => {
    await open('thin')
    await done('vm', 'disk', 'detach', 'web', 'scsi0')
    cluster.meddle = ({path}) =>
      path.includes('/content') ? {answer: {status: 403, reason: 'Permission check failed', body: ''}} : undefined
    const [unused] = await done('vm', 'disk', 'list', 'web')
    expect(unused).to.include({key: 'unused0', kind: 'unused', storage: 'thin'}).and.not.to.have.property('sizeBytes')
    const gone = await done('vm', 'disk', 'remove', 'web', 'unused0', '--yes')
    expect(gone).not.to.have.property('destroyed')
    cluster.meddle = undefined
    expect(volumes(100)).to.deep.equal([])
  })
})
