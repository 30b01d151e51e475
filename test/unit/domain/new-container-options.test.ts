import {expect} from 'chai'

import {checkSetup, type ContainerSetup} from '../../../src/domain/container-setup.js'
import type {CreationDefaults} from '../../../src/domain/creation-defaults.js'
import {parseDiskSpec} from '../../../src/domain/disk-spec.js'
import {parseNetSpec} from '../../../src/domain/net-spec.js'
import {
  containerBridges,
  containerStorageNeeds,
  leavesStorageOpen,
  newContainerOptions,
} from '../../../src/domain/new-container-options.js'
import {rootOnlyContainerOptions} from '../../../src/domain/root-options.js'
import {Secret} from '../../../src/domain/secret.js'

const GIB = 2 ** 30
const nothing: ContainerSetup = {mounts: [], net: new Map(), nets: [], features: []}
const disk = (text: string) => parseDiskSpec(text, 'lxc')._unsafeUnwrap()
const net = (text: string) => parseNetSpec(text, 'lxc')._unsafeUnwrap()
const options = (setup: Partial<ContainerSetup> = {}, creation: CreationDefaults = {}) =>
  newContainerOptions({name: 'web', volume: 'local:vztmpl/a', storage: 'lvm', setup: {...nothing, ...setup}, creation})

describe('a container that is made from a file', () => {
  it('is unprivileged and modest, with one NIC that asks for its address', () => {
    expect(options()).to.deep.equal({
      ostemplate: 'local:vztmpl/a',
      hostname: 'web',
      unprivileged: true,
      memory: 512,
      rootfs: 'lvm:8',
      net0: 'name=eth0,bridge=vmbr0,ip=dhcp',
      features: 'nesting=1',
    })
  })

  it('asks for an address only where none is given', () => {
    expect(options({net: net('tag=20')})['net0']).to.equal('name=eth0,bridge=vmbr0,tag=20,ip=dhcp')
    expect(options({net: net('ip6=auto')})['net0']).to.equal('name=eth0,bridge=vmbr0,ip6=auto')
    const nets = [net('ip=manual'), net('name=wan,bridge=vmbr9')]
    const several = options({nets}, {bridge: 'vmbr1'})
    expect(several).to.include({net0: 'name=eth0,bridge=vmbr1,ip=manual', net1: 'name=wan,bridge=vmbr9'})
    expect(containerBridges({setup: {...nothing, nets}, creation: {bridge: 'vmbr1'}})).to.deep.equal(['vmbr1', 'vmbr9'])
    expect(options({netless: true})).not.to.have.property('net0')
    expect(containerBridges({setup: {...nothing, netless: true}, creation: {}})).to.deep.equal([])
  })

  it('nests unless it is privileged or told not to', () => {
    expect(options({privileged: true}))
      .to.include({unprivileged: false})
      .and.not.to.have.property('features')
    expect(options({nesting: false})).not.to.have.property('features')
    expect(options({privileged: true, nesting: true, features: ['fuse=1']})['features']).to.equal('nesting=1,fuse=1')
  })

  it('has its keys and its password', () => {
    const made = newContainerOptions({
      name: 'web',
      volume: 'v',
      storage: 'lvm',
      setup: {...nothing, sshKeys: ['ssh-ed25519 a', 'ssh-ed25519 b']},
      creation: {pool: 'lab'},
      password: new Secret('correct horse'),
    })
    expect(made).to.include({'ssh-public-keys': 'ssh-ed25519 a\nssh-ed25519 b', pool: 'lab'})
    expect(String(made['password'])).not.to.contain('horse')
  })

  it('needs storages for its volumes, and none for folders of the node', () => {
    const setup = {...nothing, mounts: [disk('nas:2GiB,mp=/a'), disk('/srv,mp=/b'), disk('nas:vm-1-disk-0,mp=/c')]}
    expect(containerStorageNeeds({setup, creation: {diskBytes: 4 * GIB}, storage: 'lvm'})).to.deep.equal([
      {storage: 'lvm', content: 'rootdir', bytes: 4 * GIB},
      {storage: 'nas', content: 'rootdir', bytes: 2 * GIB},
      {storage: 'nas', content: 'rootdir'},
    ])
    expect(leavesStorageOpen({setup, creation: {}})).to.equal(true)
    const named = {...nothing, rootDisk: disk('nas:8GiB')}
    expect(leavesStorageOpen({setup: named, creation: {}})).to.equal(false)
  })

  it('belongs to root where it takes more than others may', () => {
    const keys = (setup: Partial<ContainerSetup>) =>
      rootOnlyContainerOptions(options(setup), setup.privileged ?? false).map(({why}) => why)
    expect(keys({})).to.deep.equal([])
    expect(keys({features: ['keyctl=1', 'mount=nfs']})).to.deep.equal(['the feature keyctl', 'the feature mount'])
    expect(keys({privileged: true, nesting: true})).to.deep.equal(['the feature nesting of a privileged container'])
    expect(keys({mounts: [disk('/srv,mp=/srv')]})).to.deep.equal(['the mount of /srv'])
  })

  it('has no odd sizes, and lives in a time zone that there is', () => {
    const wrong = (setup: Partial<ContainerSetup>, creation: CreationDefaults = {}) =>
      checkSetup({...nothing, ...setup}, creation)._unsafeUnwrapErr().details?.['field']
    expect(wrong({swapBytes: 1000})).to.equal('swap')
    expect(wrong({timezone: 'Europe/Berln'})).to.equal('timezone')
    expect(wrong({}, {memoryBytes: 8 * 2 ** 20})).to.equal('memory')
    for (const timezone of ['host', 'UTC', 'Europe/Berlin'])
      expect(checkSetup({...nothing, swapBytes: 0, timezone}, {memoryBytes: GIB}).isOk()).to.equal(true)
  })
})
