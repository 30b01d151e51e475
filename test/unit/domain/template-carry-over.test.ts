import {expect} from 'chai'

import {carriedOver, notRebuildable} from '../../../src/domain/template-carry-over.js'

const old = {
  agent: '1',
  boot: 'order=scsi0',
  ciuser: 'ops',
  cores: 4,
  description: 'old',
  digest: 'aa',
  ide2: 'thin:vm-9000-cloudinit,media=cdrom,size=4M',
  ipconfig0: 'ip=dhcp',
  memory: '4096',
  meta: 'creation-qemu=9.0',
  name: 'ubuntu-24.04',
  net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr1,tag=20',
  scsi0: 'thin:base-9000-disk-0,cache=writeback,discard=on,size=10G',
  smbios1: 'uuid=1',
  sshkeys: 'ssh-ed25519%20AAAA',
  template: 1,
}
const fresh = {
  agent: '1',
  boot: 'order=scsi0',
  ciuser: 'ubuntu',
  cores: 2,
  cpu: 'x86-64-v2-AES',
  digest: 'bb',
  ide2: 'thin:vm-105-cloudinit,media=cdrom,size=4M',
  ipconfig0: 'ip=dhcp',
  memory: '2048',
  meta: 'creation-qemu=10.0',
  name: 'ubuntu-24.04-new',
  net0: 'virtio=BC:24:11:00:00:02,bridge=vmbr0',
  scsi0: 'thin:vm-105-disk-0,discard=on,iothread=1,size=10G,ssd=1',
  smbios1: 'uuid=2',
}

describe('what a rebuilt template takes over', () => {
  it('is everything but volumes and identity', () => {
    expect(carriedOver(old, fresh)).to.deep.equal({
      ciuser: 'ops',
      cores: '4',
      memory: '4096',
      net0: 'virtio,bridge=vmbr1,tag=20',
      sshkeys: 'ssh-ed25519%20AAAA',
      scsi0: 'thin:vm-105-disk-0,cache=writeback,discard=on',
      delete: 'cpu',
    })
  })

  it('is nothing where both are alike', () => {
    const same = {
      ...fresh,
      net0: 'virtio=BC:24:11:00:00:09,bridge=vmbr0',
      scsi0: 'thin:base-1-disk-0,ssd=1,iothread=1,discard=on',
    }
    expect(carriedOver(same, fresh)).to.deep.equal({})
  })

  it('keeps the order of starts only with devices that are there', () => {
    expect(carriedOver({...fresh, boot: 'order=scsi0;net0'}, fresh)).to.deep.equal({boot: 'order=scsi0;net0'})
    expect(carriedOver({...fresh, boot: 'order=scsi0;net3'}, fresh)).to.deep.equal({})
  })

  it('leaves the options of a disk on another bus', () => {
    const {scsi0, ...rest} = fresh
    const virtio = {...rest, virtio0: scsi0.replace('ssd=1', 'cache=none'), boot: 'order=virtio0'}
    expect(carriedOver(virtio, fresh)).to.deep.equal({})
  })

  it('takes other drives along', () => {
    expect(carriedOver({...fresh, ide0: 'none,media=cdrom'}, fresh)).to.deep.equal({ide0: 'none,media=cdrom'})
  })

  it('cannot be told for what no image brings', () => {
    expect(notRebuildable(old).isOk()).to.equal(true)
    const reason = (config: object) => notRebuildable({...old, ...config})._unsafeUnwrapErr().details?.['reason']
    expect(reason({scsi1: 'thin:base-9000-disk-1,size=5G'})).to.equal('more-disks')
    expect(reason({cipassword: '**********'})).to.equal('has-password')
    expect(reason({scsi0: undefined, boot: 'order=net0'})).to.equal('no-boot-disk')
  })
})
