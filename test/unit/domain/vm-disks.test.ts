import {expect} from 'chai'

import {bootDisk, diskStorages, withBridge} from '../../../src/domain/vm-disks.js'

describe('boot disk', () => {
  it('is the first disk of the boot order', () => {
    const config = {
      boot: 'order=ide2;net0;virtio1;scsi0',
      ide2: 'none,media=cdrom',
      scsi0: 'local:vm-1-disk-0',
      virtio1: 'local:vm-1-disk-1',
    }
    expect(bootDisk(config)).to.equal('virtio1')
  })

  it('is the old bootdisk, or the only disk', () => {
    expect(bootDisk({boot: 'cdn', bootdisk: 'sata1', sata1: 'a:b', scsi0: 'a:c'})).to.equal('sata1')
    expect(bootDisk({scsi0: 'a:b', ide2: 'a:vm-1-cloudinit,media=cdrom'})).to.equal('scsi0')
  })

  it('is not guessed among several', () => {
    expect(bootDisk({scsi0: 'a:b', scsi1: 'a:c'})).to.equal(undefined)
  })

  it('lie on storages', () => {
    const config = {
      scsi0: 'nas:100/vm-100-disk-0.qcow2,size=4G',
      scsi1: 'nas:100/vm-100-disk-1.qcow2',
      efidisk0: 'local-lvm:vm-100-disk-2,size=4M',
      ide2: 'local:iso/debian.iso,media=cdrom',
      ide0: 'nas:vm-100-cloudinit,media=cdrom',
      net0: 'virtio,bridge=vmbr0',
    }
    expect(diskStorages(config)).to.have.members(['nas', 'local-lvm'])
  })

  it('keeps all of a network card but its bridge', () => {
    expect(withBridge('virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=5', 'vmbr1')).to.equal(
      'virtio=BC:24:11:00:00:01,bridge=vmbr1,tag=5',
    )
    expect(withBridge('virtio', 'vmbr1')).to.equal('virtio,bridge=vmbr1')
  })
})
