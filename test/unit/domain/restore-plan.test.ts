import {expect} from 'chai'

import {parseStorageMap, planRestore, type RestoreWish} from '../../../src/domain/restore-plan.js'

import type {GuestType} from '../../../src/domain/guest.js'

const container = {
  hostname: 'dns',
  onboot: '1',
  unprivileged: '1',
  memory: '512',
  rootfs: 'nas:200/vm-200-disk-0.raw,size=4G',
  mp0: 'thin:vm-200-disk-1,mp=/data,backup=1,size=512M',
  mp1: '/srv/production,mp=/srv',
  mp2: 'nas:200/vm-200-disk-2.raw,mp=/cache,size=8G',
  net0: 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:02:00,ip=192.0.2.5/24,gw=192.0.2.1,tag=20,type=veth',
}
const machine = {
  name: 'web',
  memory: '2048',
  net0: 'virtio=BC:24:11:00:01:00,bridge=vmbr0',
  ide2: 'local:iso/debian.iso,media=cdrom,size=600M',
  scsi0: 'nas:101/vm-101-disk-0.qcow2,size=32G',
  scsi1: 'thin:vm-101-disk-1,size=8G',
  scsi2: 'thin:vm-101-disk-2,backup=0,size=8G',
}
const copy: RestoreWish = {kind: 'copy', storage: {from: new Map()}, keepNetwork: false, keepMounts: false, options: {}}
const plan = (type: GuestType, values: Readonly<Record<string, string>>, wish: Partial<RestoreWish> = {}) =>
  planRestore(type, type === 'qemu' ? 101 : 200, {values}, {...copy, ...wish})
const storages = (...texts: string[]) => parseStorageMap(texts)._unsafeUnwrap()

describe('the plan of a restore', () => {
  it('keeps a copy of a container away from everything of the original', () => {
    const {emptied, leftOut, parameters, unplugged} = plan('lxc', container, {name: 'test'})._unsafeUnwrap()
    expect(parameters).to.deep.equal({
      hostname: 'test',
      rootfs: 'nas:4',
      mp0: 'thin:0.5,mp=/data,backup=1',
      mp2: 'nas:8,mp=/cache',
      net0: 'name=eth0,bridge=vmbr0,ip=192.0.2.5/24,gw=192.0.2.1,tag=20,type=veth,link_down=1',
      onboot: false,
      unique: true,
      unprivileged: true,
    })
    expect(leftOut).to.deep.equal([{key: 'mp1', source: '/srv/production', path: '/srv'}])
    expect([emptied, unplugged]).to.deep.equal([['mp2'], ['net0']])
  })

  it('keeps what is asked for, and everything where the guest is the original', () => {
    const kept = plan('lxc', container, {keepMounts: true, keepNetwork: true})._unsafeUnwrap()
    expect(kept.parameters).to.include({mp1: '/srv/production,mp=/srv', unique: true}).and.not.have.property('net0')
    const wish = {kind: 'in-place', keepMounts: true, keepNetwork: true} as const
    const own = plan('lxc', container, wish)._unsafeUnwrap().parameters
    expect(own).to.include({force: true}).and.not.have.any.keys('unique', 'onboot', 'net0')
  })

  it('connects to another bridge without the VLAN of the first', () => {
    const {parameters, unplugged} = plan('lxc', container, {bridge: 'lab0'})._unsafeUnwrap()
    expect(parameters['net0']).to.equal('name=eth0,bridge=lab0,ip=192.0.2.5/24,gw=192.0.2.1,type=veth')
    expect(unplugged).to.deep.equal([])
  })

  it('never makes a privileged container of an unprivileged one, or the other way round', () => {
    const {unprivileged: _, ...privileged} = container
    expect(plan('lxc', privileged)._unsafeUnwrap().parameters['unprivileged']).to.equal(false)
  })

  it('refuses raw mounts that the API cannot leave out', () => {
    const raw = {...container, 'lxc.mount.entry': '/srv/production srv none bind'}
    expect(plan('lxc', raw)._unsafeUnwrapErr()).to.include({kind: 'refused'})
    expect(plan('lxc', raw, {keepMounts: true}).isOk()).to.equal(true)
  })

  it('warns of devices and scripts that a copy shares with the original', () => {
    const {warnings} = plan('qemu', {
      ...machine,
      hostpci0: '0000:01:00',
      hookscript: 'local:snippets/x',
    })._unsafeUnwrap()
    expect(warnings.join()).to.contain('hostpci0').and.to.contain('hookscript').and.to.contain('scsi2')
  })

  it('leaves disks of a VM where they were, or puts all in one place', () => {
    const as = plan('qemu', machine)._unsafeUnwrap()
    expect(as.parameters).to.deep.equal({net0: 'virtio,bridge=vmbr0,link_down=1', unique: true})
    expect(as.storages.map(({storage}) => storage)).to.deep.equal(['nas', 'thin'])
    expect(plan('qemu', machine, {storage: storages('fast')})._unsafeUnwrap().parameters).to.include({storage: 'fast'})
    const both = storages('nas:fast', 'thin:fast')
    expect(plan('qemu', machine, {storage: both})._unsafeUnwrap().parameters).to.include({storage: 'fast'})
    expect(plan('qemu', machine, {storage: storages('nas:fast')})._unsafeUnwrapErr().kind).to.equal('not-supported')
    expect(plan('qemu', machine, {options: {scsi0: 'nas:1'}})._unsafeUnwrapErr().kind).to.equal('usage')
  })

  it('maps storages of a container one by one', () => {
    const {parameters} = plan('lxc', container, {storage: storages('nas:fast,thin:slow')})._unsafeUnwrap()
    expect(parameters).to.include({rootfs: 'fast:4', mp0: 'slow:0.5,mp=/data,backup=1', mp2: 'fast:8,mp=/cache'})
    for (const bad of [['a', 'b'], ['a:b:c'], ['a:'], ['a:b', 'a:c']])
      expect(parseStorageMap(bad)._unsafeUnwrapErr().kind, bad.join()).to.equal('usage')
  })
})
