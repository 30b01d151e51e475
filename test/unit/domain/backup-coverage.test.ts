import {expect} from 'chai'
import type {Backup} from '../../../src/domain/backup.js'
import {coverageOf, excludedDisks, isUsable} from '../../../src/domain/backup-coverage.js'
import {guestVolumes} from '../../../src/simulator/backup/guest-volumes.js'

const VM = {
  name: 'web',
  scsi0: 'local-lvm:vm-100-disk-0,size=32G',
  scsi1: 'local-lvm:vm-100-disk-1,backup=0,size=8G',
  virtio2: 'local-lvm:vm-100-disk-2,backup=no,size=8G',
  sata0: 'local-lvm:vm-100-disk-3,backup=1,size=8G',
  efidisk0: 'local-lvm:vm-100-disk-4,efitype=4m,size=4M',
  ide2: 'local:iso/debian.iso,media=cdrom',
  ide0: 'none,media=cdrom',
  unused0: 'local-lvm:vm-100-disk-9',
}
const CONTAINER = {
  hostname: 'dns',
  rootfs: 'local-lvm:vm-200-disk-0,size=4G',
  mp0: 'local-lvm:vm-200-disk-1,mp=/data,backup=1,size=4G',
  mp1: 'local-lvm:vm-200-disk-2,mp=/cache,size=4G',
  mp2: '/srv/media,mp=/media',
  mp3: 'local-lvm:vm-200-disk-3,mp=/tmp,backup=0,size=4G',
  unused0: 'local-lvm:vm-200-disk-9',
}

describe('what backups leave out', () => {
  it('of a VM are the disks that say so', () => {
    expect(excludedDisks('qemu', VM)).to.deep.equal([
      {key: 'scsi1', volume: 'local-lvm:vm-100-disk-1', reason: 'backup=0'},
      {key: 'virtio2', volume: 'local-lvm:vm-100-disk-2', reason: 'backup=0'},
    ])
  })

  it('of a container are all mount points that do not ask for it', () => {
    expect(excludedDisks('lxc', CONTAINER)).to.deep.equal([
      {key: 'mp1', volume: 'local-lvm:vm-200-disk-2', reason: 'not asked for'},
      {key: 'mp2', volume: '/srv/media', reason: 'bind mount'},
      {key: 'mp3', volume: 'local-lvm:vm-200-disk-3', reason: 'not asked for'},
    ])
  })

  it('is what a server leaves out', () => {
    for (const [type, config] of [
      ['qemu', VM],
      ['lxc', CONTAINER],
    ] as const) {
      const left = guestVolumes({type, config}).filter(({included}) => !included)
      expect(excludedDisks(type, config).map(({key}) => key)).to.have.members(left.map(({key}) => key))
    }
  })
})

describe('whether a guest is backed up', () => {
  for (const [age, most, complete, expected] of [
    [undefined, undefined, true, 'none'],
    [undefined, 3600, true, 'none'],
    [undefined, 3600, false, 'unknown'],
    [3600, undefined, true, 'ok'],
    [3600, 3600, true, 'ok'],
    [3601, 3600, true, 'old'],
    // A newer one may be where nobody could look.
    [3601, 3600, false, 'unknown'],
    [10, 3600, false, 'ok'],
  ] as const) {
    it(`is ${expected}: ${age} of ${most} s, ${complete ? 'all' : 'not all'} storages asked`, () => {
      expect(coverageOf(age, most, complete)).to.equal(expected)
    })
  }

  it('goes by backups that could be restored', () => {
    const backup: Backup = {
      volume: 'pbs:backup/vm/100/2026-01-02T03:04:05Z',
      time: '2026-01-02T03:04:05Z',
      format: 'pbs-vm',
      sizeBytes: 4096,
      protected: false,
      storage: 'pbs',
      node: 'pve1',
      shared: true,
    }
    expect(isUsable(backup)).to.equal(true)
    expect(isUsable({...backup, verified: true})).to.equal(true)
    expect(isUsable({...backup, verified: false})).to.equal(false)
    expect(isUsable({...backup, sizeBytes: 1})).to.equal(false)
    expect(isUsable({...backup, sizeBytes: 1, format: 'vma.zst'})).to.equal(true)
  })
})
