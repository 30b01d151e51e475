import {expect} from 'chai'

import {checkNewStorage, isDefinedSo, type StorageValues} from '../../../src/domain/new-storage.js'
import type {StorageDefinition} from '../../../src/domain/storage-definition.js'
import {STORAGE_TYPES, storageTypeOf, type StorageTypeName} from '../../../src/domain/storage-types.js'
import {optionKind} from '../../../src/simulator/storage/options.js'

const problem = (type: StorageTypeName, values: StorageValues, storage = 'new') =>
  checkNewStorage({storage, type, values}).match(
    () => 'fine',
    ({message}) => message,
  )

describe('a new storage', () => {
  it('has a name that ids of volumes can begin with', () => {
    for (const name of ['a1', 'local-lvm', 'nas.2', 'a_b'])
      expect(problem('dir', {path: '/srv'}, name), name).to.equal('fine')
    for (const name of ['a', '1a', 'a-', 'a b', 'ä1', 'a:b', ''])
      expect(problem('dir', {path: '/srv'}, name), name).to.contain('cannot be the name')
  })

  it('needs what its type is made of', () => {
    expect(problem('lvmthin', {vgname: 'pve'})).to.equal('a storage of type lvmthin needs --thinpool')
    expect(problem('pbs', {})).to.equal('a storage of type pbs needs --server and --datastore')
    expect(problem('rbd', {})).to.equal('fine')
  })

  it('holds what its type can hold', () => {
    expect(problem('dir', {path: '/srv', content: 'iso,vztmpl,import'})).to.equal('fine')
    expect(problem('zfspool', {pool: 'tank', content: 'images,backup'})).to.contain('cannot hold "backup"')
    expect(problem('cephfs', {content: 'images'})).to.contain('cannot hold "images"')
    expect(problem('iscsi', {portal: 'nas', target: 'iqn.x', content: 'none'})).to.equal('fine')
    expect(problem('nfs', {server: 'nas', export: '/x', content: 'none'})).to.contain('cannot hold "none"')
    expect(problem('dir', {path: '/srv', content: 'none,iso'})).to.equal('"none" stands alone')
    expect(problem('dir', {path: '/srv', content: ''})).to.equal('no content is named')
  })

  it('is written as Proxmox VE wants it', () => {
    const wrong: [StorageTypeName, StorageValues, string][] = [
      ['dir', {path: 'srv'}, 'path'],
      ['dir', {path: '/srv/a b'}, 'path'],
      ['nfs', {server: 'nas:/x', export: '/x'}, 'server'],
      ['nfs', {server: 'nas', export: 'x'}, 'export'],
      ['lvm', {vgname: 'a/b'}, 'vgname'],
      ['lvm', {vgname: 'vg', base: 'lun'}, 'base'],
      ['zfspool', {pool: 'tank', blocksize: '16 KiB'}, 'blocksize'],
      ['iscsi', {portal: 'nas:port', target: 'iqn.x'}, 'portal'],
      ['pbs', {server: 'pbs', datastore: 'main', fingerprint: 'AA:BB'}, 'fingerprint'],
      ['dir', {path: '/srv', bwlimit: 'backup=1'}, 'bwlimit'],
    ]
    for (const [type, values, option] of wrong)
      expect(problem(type, values), option).to.match(new RegExp(`is no ${option}$`))
    const addresses = ['nas', 'nas.lan', '192.0.2.20', '2001:db8::20']
    for (const server of addresses) expect(problem('nfs', {server, export: '/x'}), server).to.equal('fine')
    expect(problem('dir', {path: '/srv', bwlimit: 'restore=102400,move=0.5'})).to.equal('fine')
  })

  it('gets the spelling of a fingerprint that Proxmox VE takes', () => {
    const {values} = checkNewStorage({
      storage: 'pbs',
      type: 'pbs',
      values: {server: 'pbs', datastore: 'main', fingerprint: 'ab'.repeat(32)},
    })._unsafeUnwrap()
    expect(values['fingerprint']).to.equal(Array.from({length: 32}, () => 'AB').join(':'))
  })

  it('keeps no backups where none may lie', () => {
    expect(problem('dir', {path: '/srv', 'prune-backups': 'keep-last=1'})).to.contain('is about backups')
    expect(problem('pbs', {server: 'a1', datastore: 'main', 'prune-backups': 'keep-last=1'})).to.equal('fine')
  })

  it('is there already when its definition says the same in other words', () => {
    const definition: StorageDefinition = {
      storage: 'nas',
      type: 'nfs',
      content: ['iso', 'backup'],
      shared: true,
      enabled: true,
      nodes: ['pve1', 'pve2'],
      options: {server: 'nas', export: '/x', path: '/mnt/pve/nas'},
    }
    const values = {server: 'nas', export: '/x', content: 'backup,iso', nodes: 'pve2,pve1'}
    expect(isDefinedSo(definition, {type: 'nfs', values})).to.equal(true)
    for (const other of [{export: '/y'}, {content: 'iso'}, {nodes: 'pve1'}, {disable: true}, {options: 'soft'}])
      expect(isDefinedSo(definition, {type: 'nfs', values: {...values, ...other} as StorageValues})).to.equal(false)
    expect(isDefinedSo(definition, {type: 'cifs', values: {}})).to.equal(false)
  })
})

describe('types of storages', () => {
  for (const name of STORAGE_TYPES) {
    it(`${name} has the options that a server takes, fixed and changeable`, () => {
      const type = storageTypeOf(name)!
      for (const option of type.required) expect(optionKind(name, option), option).to.be.oneOf(['fixed', 'required'])
      for (const option of type.fixed) expect(optionKind(name, option), option).to.be.oneOf(['fixed', 'optional'])
      for (const option of [...type.changeable, ...type.secret])
        expect(optionKind(name, option), option).to.be.oneOf(['optional', 'fixed'])
      expect(type.content).to.include.members([...type.defaultContent])
    })
  }
})
