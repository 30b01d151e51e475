import {expect} from 'chai'
import {
  comparable,
  configDifferences,
  readConfig,
  sameConfigValue,
  wireValue,
} from '../../../src/domain/guest-config.js'

describe('guest configuration', () => {
  it('is read as what its values are, whatever type the release sends', () => {
    const fields = {
      digest: 'x',
      snaptime: 1,
      onboot: 1,
      protection: '0',
      memory: '2048',
      cores: 2,
      scsi10: 'a:b',
      scsi2: 'a:c',
      sshkeys: 'ssh-rsa%20AAAA%0A',
      cipassword: 'x',
      description: 'one\ntwo\n',
      lxc: [['lxc.cap.drop', 'sys_admin']],
    }
    expect(readConfig('qemu', fields)).to.deep.equal({
      onboot: true,
      protection: false,
      memory: 2048,
      cores: 2,
      scsi2: 'a:c',
      scsi10: 'a:b',
      sshkeys: 'ssh-rsa AAAA',
      cipassword: '**********',
      description: 'one\ntwo',
      lxc: 'lxc.cap.drop: sys_admin',
    })
    expect(Object.keys(readConfig('qemu', fields)).indexOf('scsi2')).to.be.lessThan(
      Object.keys(readConfig('qemu', fields)).indexOf('scsi10'),
    )
  })

  it('is sent as Proxmox VE takes it', () => {
    expect(wireValue('qemu', 'onboot', 'yes')._unsafeUnwrap()).to.equal('1')
    expect(wireValue('qemu', 'onboot', 'OFF')._unsafeUnwrap()).to.equal('0')
    expect(wireValue('qemu', 'cpulimit', '1.5')._unsafeUnwrap()).to.equal('1.5')
    expect(wireValue('qemu', 'memory', 'current=2048')._unsafeUnwrap()).to.equal('current=2048')
    expect(wireValue('qemu', 'sshkeys', 'ssh-rsa AA+A\nssh-rsa BB\n')._unsafeUnwrap()).to.equal(
      'ssh-rsa%20AA%2BA%0Assh-rsa%20BB',
    )
    expect(wireValue('qemu', 'sshkeys', 'ssh-rsa%20AAAA')._unsafeUnwrap()).to.equal('ssh-rsa%20AAAA')
    expect(wireValue('lxc', 'memory', '4GiB')._unsafeUnwrapErr().hint).to.contain('MiB')
  })

  for (const [key, a, b, same] of [
    ['net0', 'virtio=AA:BB,bridge=vmbr0', 'bridge=vmbr0,virtio=AA:BB', true],
    ['net0', 'virtio=AA:BB,bridge=vmbr0', 'virtio=AA:BB,bridge=vmbr1', false],
    ['tags', 'a;b', 'b,a', true],
    ['tags', 'a;b', 'a', false],
    ['boot', 'order=scsi0;net0', 'order=net0;scsi0', false],
    ['description', 'one', 'one\n', true],
    ['cores', 2, '2', true],
    ['cores', 2, undefined, false],
    ['name', 'b,a', 'a,b', false],
  ] as const) {
    it(`${key}: ${JSON.stringify(a)} and ${JSON.stringify(b)} are ${same ? 'the same' : 'different'}`, () => {
      expect(sameConfigValue(key, a, b)).to.equal(same)
    })
  }

  it('is compared without what tells two guests apart, and without the identifiers of one', () => {
    const web = {
      name: 'web',
      cores: 2,
      net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0',
      scsi0: 'nas:101/vm-101-disk-0.qcow2,size=8G',
      smbios1: 'uuid=1',
      vmgenid: '1',
      meta: 'ctime=1',
    }
    const db = {
      name: 'db',
      cores: 4,
      net0: 'virtio=BC:24:11:00:00:02,bridge=vmbr0',
      scsi0: 'nas:202/vm-202-disk-0.qcow2,size=8G',
      smbios1: 'uuid=2,sku=x',
      vmgenid: '2',
      meta: 'ctime=2',
    }
    expect(configDifferences(comparable(web, 101), comparable(db, 202))).to.deep.equal([
      {key: 'cores', before: 2, after: 4},
      {key: 'smbios1', after: 'sku=x'},
    ])
    expect(
      configDifferences(
        comparable(web, undefined),
        comparable({...web, net0: 'virtio=BC:24:11:00:00:09,bridge=vmbr0'}, undefined),
      ),
    ).to.have.length(1)
    expect(
      comparable(
        {net0: 'name=eth0,hwaddr=BC:24:11:00:00:01,bridge=vmbr0', rootfs: 'local-lvm:subvol-200-disk-0,size=4G'},
        200,
      ),
    ).to.deep.equal({
      net0: 'name=eth0,bridge=vmbr0',
      rootfs: 'local-lvm:subvol-VMID-disk-0,size=4G',
    })
  })
})
