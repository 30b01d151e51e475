import {expect} from 'chai'

import {
  checkContainerClone,
  containerCloneOptions,
  needsContainerTemplate,
} from '../../../src/domain/container-clone-options.js'
import type {ContainerSetup} from '../../../src/domain/container-setup.js'
import type {CreationDefaults} from '../../../src/domain/creation-defaults.js'
import {parseDiskSpec} from '../../../src/domain/disk-spec.js'
import {parseNetSpec} from '../../../src/domain/net-spec.js'
import {Secret} from '../../../src/domain/secret.js'

const nothing: ContainerSetup = {mounts: [], net: new Map(), nets: [], features: []}
const disk = (text: string) => parseDiskSpec(text, 'lxc')._unsafeUnwrap()
const net = (text: string) => parseNetSpec(text, 'lxc')._unsafeUnwrap()
const template = {
  rootfs: 'nas:900/base-900-disk-0.raw,size=8G',
  mp0: 'nas:900/base-900-disk-1.raw,mp=/srv,size=1G',
  net0: 'name=eth0,bridge=vmbr1,gw=192.0.2.1,hwaddr=BC:24:11:00:00:01,ip=192.0.2.5/24,type=veth',
  net2: 'name=eth1,bridge=vmbr0,ip=dhcp',
  features: 'nesting=1,fuse=1',
}
const options = (setup: Partial<ContainerSetup>, creation: CreationDefaults = {}, config: object = template) =>
  containerCloneOptions({setup: {...nothing, ...setup}, creation}, {...config})

describe('what is set in the clone of a container', () => {
  it('is nothing where nothing is asked for', () => {
    expect(options({})._unsafeUnwrap()).to.deep.equal({})
    expect(needsContainerTemplate({setup: nothing, creation: {cores: 2}})).to.equal(false)
    expect(needsContainerTemplate({setup: {...nothing, nesting: false}, creation: {}})).to.equal(true)
  })

  it('is what was asked for, in the units of Proxmox VE', () => {
    const setup = {swapBytes: 0, nameservers: ['192.0.2.1', '192.0.2.2'], onBoot: false, timezone: 'host'}
    expect(options(setup, {cores: 2, memoryBytes: 2 ** 30, tags: ['a', 'b']})._unsafeUnwrap()).to.deep.equal({
      cores: 2,
      memory: 1024,
      swap: 0,
      nameserver: '192.0.2.1 192.0.2.2',
      onboot: false,
      timezone: 'host',
      tags: 'a;b',
    })
  })

  it('changes the first NIC in the parts that are named', () => {
    const fixed = options({net: net('ip=192.0.2.9/24')})._unsafeUnwrap()
    expect(fixed).to.deep.equal({
      net0: 'name=eth0,bridge=vmbr1,gw=192.0.2.1,hwaddr=BC:24:11:00:00:01,ip=192.0.2.9/24,type=veth',
    })
    const moved = options({}, {bridge: 'vmbr0'})._unsafeUnwrap()
    expect(moved['net0']).to.contain('bridge=vmbr0').and.to.contain('ip=192.0.2.5/24')
  })

  it('takes a gateway away with the fixed address it belongs to', () => {
    const dynamic = options({net: net('ip=dhcp')})._unsafeUnwrap()
    expect(dynamic['net0']).to.contain('ip=dhcp').and.not.to.contain('gw=')
    const alone = options({net: new Map([['gw', '192.0.2.1']])}, {}, {net0: 'name=eth0,bridge=vmbr0,ip=dhcp'})
    expect(alone._unsafeUnwrapErr().message).to.contain('needs a fixed address')
  })

  it('makes a first NIC for a template without one only where one is described', () => {
    expect(options({}, {bridge: 'vmbr0'}, {rootfs: 'nas:1'})._unsafeUnwrap()).to.deep.equal({})
    expect(options({net: net('ip=dhcp')}, {}, {rootfs: 'nas:1'})._unsafeUnwrap()).to.deep.equal({
      net0: 'name=eth0,bridge=vmbr0,ip=dhcp',
    })
  })

  it('adds NICs and mount points at the first free places', () => {
    const added = options({
      nets: [net('ip=dhcp'), net('name=wan,bridge=vmbr9')],
      mounts: [disk('nas:2GiB,mp=/data'), disk('1GiB,mp=/more')],
    })._unsafeUnwrap()
    expect(added).to.deep.equal({
      net1: 'name=eth2,bridge=vmbr1,ip=dhcp',
      net3: 'name=wan,bridge=vmbr9',
      mp1: 'nas:2,mp=/data',
      mp2: 'nas:1,mp=/more',
    })
    const clash = options({nets: [net('name=eth1,bridge=vmbr0')]})._unsafeUnwrapErr()
    expect(clash.message).to.contain('has a NIC eth1 already')
    const full = Object.fromEntries(Array.from({length: 32}, (_, index) => [`net${index}`, `name=e${index}`]))
    expect(options({nets: [net('ip=dhcp')]}, {}, full)._unsafeUnwrapErr().message).to.contain('at most 32 NICs')
  })

  it('keeps the features that are not named', () => {
    expect(options({nesting: false, features: ['keyctl=1']})._unsafeUnwrap()).to.deep.equal({
      features: 'nesting=0,fuse=1,keyctl=1',
    })
  })

  it('cannot be what a template decides', () => {
    const refused = (setup: Partial<ContainerSetup>, password?: Secret) =>
      checkContainerClone({
        setup: {...nothing, ...setup},
        creation: {},
        ...(password !== undefined && {password}),
      })._unsafeUnwrapErr().details?.['field']
    expect(refused({rootDisk: disk('nas:8')})).to.equal('rootfs')
    expect(refused({privileged: true})).to.equal('privileged')
    expect(refused({netless: true})).to.equal('no-net')
    expect(refused({sshKeys: []})).to.equal('ssh-key')
    expect(refused({}, new Secret('correct horse'))).to.equal('password-stdin')
    expect(checkContainerClone({setup: nothing, creation: {}}).isOk()).to.equal(true)
  })
})
