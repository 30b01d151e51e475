import {expect} from 'chai'

import {
  ancestorsOf,
  describeSnapshot,
  oldestFirst,
  readDescription,
  recurs,
  snapshotCalled,
  snapshotName,
  type Snapshot,
  type SnapshotSet,
} from '../../../src/domain/snapshot.js'
import {
  disksInSnapshot,
  memoryObstacle,
  memoryStorage,
  newerThan,
  noSnapshots,
  rollbackObstacle,
  type StorageRule,
} from '../../../src/domain/snapshot-limits.js'
import {decidePruning, type PruneWish} from '../../../src/domain/snapshot-pruning.js'
import {nameInTree, treeOf} from '../../../src/domain/snapshot-tree.js'
import type {Guest} from '../../../src/domain/guest.js'

const web: Guest = {
  vmid: 100,
  name: 'web.lan',
  type: 'qemu',
  node: 'pve1',
  status: 'running',
  template: false,
  tags: [],
}
const dns: Guest = {...web, vmid: 200, name: 'dns', type: 'lxc'}
const now = {year: 2026, month: 3, day: 7, hour: 4, minute: 5, second: 6}

const snapshot = (name: string, more: Partial<Snapshot> = {}): Snapshot => ({
  name,
  ram: false,
  automatic: false,
  ...more,
})
const chain = (...names: string[]): SnapshotSet => ({
  snapshots: names.map((name, index) =>
    snapshot(name, {
      createdAt: `2026-11-${String(index + 1).padStart(2, '0')}T00:00:00.000Z`,
      ...(index > 0 && {parent: names[index - 1]!}),
    }),
  ),
  parent: names.at(-1)!,
  running: false,
})

describe('names of snapshots', () => {
  const named = (pattern: string, guest = web) => snapshotName(pattern, guest, now)

  it('are made from patterns, and what a name may not hold becomes a dash', () => {
    expect(named('auto-{date}-{time}')._unsafeUnwrap()).to.equal('auto-20260307-040506')
    expect(named('x-{name}-{vmid}')._unsafeUnwrap()).to.equal('x-web-lan-100')
    expect(recurs('nightly-{date}')).to.equal(true)
    expect(recurs('lab-{vmid}')).to.equal(false)
  })

  it('are checked as Proxmox VE does', () => {
    for (const name of ['a1', 'A_b-c', 'a'.repeat(40)]) expect(named(name).isOk(), name).to.equal(true)
    for (const name of ['', 'a', '1a', '-a', 'a b', 'a.b', 'ä1', 'a'.repeat(41), 'current', 'Pending'])
      expect(named(name)._unsafeUnwrapErr().kind, name).to.equal('usage')
    expect(named('vzdump').isOk()).to.equal(true)
    expect(named('vzdump', dns).isErr()).to.equal(true)
    expect(named('{host}')._unsafeUnwrapErr().hint).to.contain('{vmid}')
    expect(named('{date}')._unsafeUnwrapErr().hint).to.contain('begins with a letter')
  })

  it('that are not there are answered with the nearest', () => {
    expect(snapshotCalled(web, chain('before'), 'befor')._unsafeUnwrapErr().hint).to.contain('"before"')
    expect(snapshotCalled(web, chain('before'), 'before').isOk()).to.equal(true)
  })
})

describe('descriptions of snapshots', () => {
  it('carry the mark of automatic ones, and are read without it', () => {
    for (const [text, automatic] of [
      [undefined, false],
      [undefined, true],
      ['two\nlines', true],
      ['by hand', false],
    ] as const) {
      const read = readDescription(describeSnapshot(text, automatic))
      expect(read.automatic).to.equal(automatic)
      expect(read.description).to.equal(text)
    }

    expect(readDescription('homelab:auto\n')).to.deep.equal({automatic: true})
    expect(readDescription('see homelab:auto')).to.include({automatic: false})
  })
})

describe('the tree of snapshots', () => {
  const drawn = (set: SnapshotSet) => treeOf(set).map((line) => line.branch + nameInTree(line))

  it('shows what came from what, and where the guest is now', () => {
    const set = chain('base', 'one', 'two')
    expect(drawn(set)).to.deep.equal(['└─ base', '   └─ one', '      └─ two', '         └─ current'])
    const forked = {...set, snapshots: [...set.snapshots, snapshot('other', {parent: 'base'})], parent: 'base'}
    expect(drawn(forked)).to.deep.equal(['└─ base', '   ├─ one', '   │  └─ two', '   ├─ other', '   └─ current'])
    expect(drawn({snapshots: [], running: true})).to.deep.equal(['└─ current'])
  })

  it('shows each of those whose parents are gone, or in a circle', () => {
    const set = {snapshots: [snapshot('lost', {parent: 'gone'})], running: false}
    expect(drawn(set)).to.deep.equal(['├─ lost', '└─ current'])
    const circle = [snapshot('a1', {parent: 'b1'}), snapshot('b1', {parent: 'a1'})]
    expect(drawn({snapshots: circle, running: false, parent: 'a1'})).to.include.members(['?  a1', '?  b1'])
    expect(ancestorsOf({snapshots: circle}, 'a1')).to.deep.equal(['b1'])
  })

  it('is ordered by time, and within a second by descent', () => {
    const createdAt = '2026-11-01T00:00:00.000Z'
    const later = snapshot('aa', {createdAt, parent: 'zz'})
    const first = snapshot('zz', {createdAt})
    const before = snapshot('mm', {createdAt: '2026-10-01T00:00:00.000Z'})
    expect(oldestFirst([later, first, before]).map(({name}) => name)).to.deep.equal(['mm', 'zz', 'aa'])
    const set = {snapshots: [first, later], running: false}
    expect(newerThan(set, first)).to.deep.equal([later])
    expect(newerThan(set, later)).to.deep.equal([])
  })
})

describe('limits of snapshots', () => {
  const rules = new Map<string, StorageRule>(
    [
      ['files', 'dir'],
      ['thin', 'lvmthin'],
      ['thick', 'lvm'],
      ['tank', 'zfspool'],
      ['butter', 'btrfs'],
    ].map(([storage = '', type = '']) => [storage, {storage, type, volumeChain: false}]),
  )

  it('are about the disks, not about CD drives and what is unused', () => {
    const config = {
      scsi0: 'thin:vm-100-disk-0,size=8G',
      ide2: 'isos:iso/debian.iso,media=cdrom',
      unused0: 'thin:vm-100-disk-1',
      efidisk0: 'thin:vm-100-disk-2',
      net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0',
    }
    expect(disksInSnapshot('qemu', config).map(({key}) => key)).to.deep.equal(['scsi0', 'efidisk0'])
  })

  it('name the disks whose storage has no snapshots', () => {
    const failed = noSnapshots(
      web,
      {
        scsi0: 'files:100/vm-100-disk-0.raw',
        scsi1: 'files:100/vm-100-disk-1.qcow2',
        scsi2: 'thick:vm-100-disk-2',
        scsi3: 'butter:100/vm-100-disk-3.raw',
        scsi4: 'tank:vm-100-disk-4',
      },
      rules,
    )
    expect(failed.message).to.contain('scsi0 is a raw file on files, scsi2 is on thick (lvm)')
    expect(failed.message).not.to.match(/scsi[134]/)
    expect(noSnapshots(web, {scsi0: 'elsewhere:vm-100-disk-0'}, rules).message).to.contain('Proxmox VE says')
  })

  it('let memory be saved of VMs that run, without devices of the node', () => {
    expect(memoryObstacle(web, {}, 'running')).to.equal(undefined)
    expect(memoryObstacle(web, {}, 'paused')).to.equal(undefined)
    expect(memoryObstacle(web, {}, 'stopped')?.kind).to.equal('conflict')
    expect(memoryObstacle(web, {hostpci0: 'x'}, 'running')?.kind).to.equal('not-supported')
    expect(memoryObstacle(dns, {}, 'running')?.kind).to.equal('not-supported')
  })

  it('put memory where the configuration says, or on shared storages and files first', () => {
    const states = [
      {storage: 'thin', type: 'lvmthin', shared: false},
      {storage: 'files', type: 'dir', shared: false},
      {storage: 'nas', type: 'nfs', shared: true},
    ]
    const config = {scsi0: 'thin:vm-100-disk-0', scsi1: 'files:100/vm-100-disk-1.qcow2'}
    expect(memoryStorage(config, states)).to.equal('files')
    expect(memoryStorage({...config, scsi2: 'nas:100/vm-100-disk-2.qcow2'}, states)).to.equal('nas')
    expect(memoryStorage({...config, vmstatestorage: 'thin'}, states)).to.equal('thin')
    expect(memoryStorage({}, states)).to.equal('local')
  })

  it('let disks on ZFS and in volume chains go back to the newest only', () => {
    const set = chain('one', 'two', 'three')
    const [one, two, three] = set.snapshots as [Snapshot, Snapshot, Snapshot]
    const configs = (volume: string, other = volume) =>
      new Map([
        ['one', {scsi0: volume}],
        ['two', {scsi0: volume}],
        ['three', {scsi0: other}],
      ])
    const zfs = configs('tank:vm-100-disk-0')
    expect(rollbackObstacle(web, set, one, zfs, rules)?.details?.['newer']).to.deep.equal(['two', 'three'])
    expect(rollbackObstacle(web, set, three, zfs, rules)).to.equal(undefined)
    // The newest snapshot has another disk there: the newest of this disk is the second.
    expect(rollbackObstacle(web, set, two, configs('tank:vm-100-disk-0', 'tank:vm-100-disk-1'), rules)).to.equal(
      undefined,
    )
    expect(rollbackObstacle(web, set, one, configs('thin:vm-100-disk-0'), rules)).to.equal(undefined)
    const file = configs('files:100/vm-100-disk-0.qcow2')
    expect(rollbackObstacle(web, set, one, file, rules)).to.equal(undefined)
    const chains = new Map([['files', {storage: 'files', type: 'dir', volumeChain: true}]])
    expect(rollbackObstacle(web, set, one, file, chains)?.message).to.contain('volume chain')
    expect(rollbackObstacle(web, set, {...three, snapState: 'delete'}, zfs, rules)?.message).to.contain('incomplete')
  })
})

describe('pruning of snapshots', () => {
  const at = Date.parse('2026-11-11T00:00:00Z')
  const decided = (snapshots: readonly Snapshot[], wish: Partial<PruneWish>) =>
    decidePruning(snapshots, {any: false, ...wish}, at, 'UTC').map(({by, mark}) => by ?? mark)
  const own = chain('a1', 'a2', 'a3', 'a4').snapshots.map((one) => ({...one, automatic: true}))

  it('deletes by rules, by age, or what both would', () => {
    expect(decided(own, {keep: {last: 2}})).to.deep.equal(['remove', 'remove', 'last', 'last'])
    expect(decided(own, {olderThanMs: 9 * 86_400_000})).to.deep.equal(['remove', 'age', 'age', 'age'])
    expect(decided(own, {keep: {last: 1}, olderThanMs: 9 * 86_400_000})).to.deep.equal(['remove', 'age', 'age', 'last'])
    expect(decided(own, {keep: {last: 0}})).to.deep.equal(['keep', 'keep', 'keep', 'keep'])
  })

  it('neither deletes nor counts what is not its own, or was never finished', () => {
    const mixed = [...own.slice(0, 2), {...own[2]!, automatic: false}, {...own[3]!, snapState: 'prepare'}]
    expect(decided(mixed, {keep: {last: 1}})).to.deep.equal(['remove', 'last', 'foreign', 'incomplete'])
    expect(decided(mixed, {keep: {last: 1}, any: true})).to.deep.equal(['remove', 'remove', 'last', 'incomplete'])
    expect(decided([snapshot('timeless', {automatic: true})], {keep: {last: 1}})).to.deep.equal(['incomplete'])
  })
})
