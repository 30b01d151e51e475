import {expect} from 'chai'

import {creationOn} from '../../../src/domain/creation-layers.js'

describe('the values of a new guest', () => {
  const layers = {
    asked: {cores: 8},
    machineClass: {cores: 4, memoryBytes: 2 ** 32},
    nodeDefaults: {pve2: {cores: 2, memoryBytes: 2 ** 31, storage: 'ceph'}},
    defaults: {cores: 1, memoryBytes: 2 ** 30, storage: 'local-lvm', bridge: 'vmbr0'},
  }

  it('are those asked for, then the class, then the node, then the defaults', () => {
    expect(creationOn('pve2', layers)).to.deep.equal({
      cores: 8,
      memoryBytes: 2 ** 32,
      storage: 'ceph',
      bridge: 'vmbr0',
    })
  })

  it('are general where the node has none of its own', () => {
    expect(creationOn('toString', layers).storage).to.equal('local-lvm')
    expect(creationOn(undefined, {...layers, machineClass: {}}).memoryBytes).to.equal(2 ** 30)
  })

  it('are not hidden by what is undefined', () => {
    const asked = {cores: undefined} as unknown as {cores: number}
    expect(creationOn(undefined, {...layers, asked}).cores).to.equal(4)
  })
})
