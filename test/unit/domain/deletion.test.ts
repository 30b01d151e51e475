import {expect} from 'chai'

import {builtUpon, doomedDisks, ownerOf, refusalOf, type DeletionFacts} from '../../../src/domain/deletion.js'
import type {Guest} from '../../../src/domain/guest.js'

const GIB = 2 ** 30
const guest: Guest = {vmid: 101, name: 'web', type: 'qemu', node: 'pve1', status: 'stopped', template: false, tags: []}

describe('deletion', () => {
  it('tells whose disk a volume is by its name', () => {
    const owners = [
      'local-lvm:vm-101-disk-0',
      'nas:101/vm-101-disk-0.qcow2',
      'nas:9000/base-9000-disk-0.qcow2/101/vm-101-disk-0.qcow2',
      'tank:base-9000-disk-0/vm-101-cloudinit',
      'tank:subvol-101-disk-0',
    ].map((volume) => ownerOf(volume))
    expect(new Set(owners)).to.deep.equal(new Set([101]))
    expect(ownerOf('nas:9000/base-9000-disk-0.qcow2')).to.equal(9000)
    expect(ownerOf('local:iso/vm-101.iso')).to.equal(undefined)
    expect(ownerOf('none')).to.equal(undefined)
  })

  it("takes the guest's own volumes, and neither CDs nor what belongs to others", () => {
    const config = {
      scsi0: 'local-lvm:vm-101-disk-0,size=32G',
      scsi1: 'local-lvm:vm-300-disk-0,size=8G',
      ide2: 'local:iso/debian.iso,media=cdrom',
      ide0: 'nas:101/vm-101-cloudinit.qcow2,media=cdrom,size=4M',
      efidisk0: 'local-lvm:vm-101-disk-1,size=4M',
      unused0: 'nas:101/vm-101-disk-2.qcow2',
      memory: '2048',
      cores: 4,
    }
    expect(doomedDisks(guest, config)).to.deep.equal([
      {key: 'scsi0', volume: 'local-lvm:vm-101-disk-0', sizeBytes: 32 * GIB},
      {key: 'ide0', volume: 'nas:101/vm-101-cloudinit.qcow2', sizeBytes: 4 * 2 ** 20},
      {key: 'efidisk0', volume: 'local-lvm:vm-101-disk-1', sizeBytes: 4 * 2 ** 20},
      {key: 'unused0', volume: 'nas:101/vm-101-disk-2.qcow2'},
    ])
    const container = {
      rootfs: 'tank:subvol-200-disk-0,size=4G',
      mp0: '/srv,mp=/srv',
      mp1: 'nas:200/vm-200-disk-1.raw,mp=/data',
    }
    expect(doomedDisks({type: 'lxc', vmid: 200}, container).map(({key}) => key)).to.deep.equal(['rootfs', 'mp1'])
  })

  it('finds who is built upon a base', () => {
    const names = [
      'nas:9000/base-9000-disk-0.qcow2',
      'nas:9000/base-9000-disk-0.qcow2/101/vm-101-disk-0.qcow2',
      'nas:9000/base-9000-disk-1.qcow2/102/vm-102-disk-0.qcow2',
      'nas:103/vm-103-disk-0.qcow2',
    ]
    expect(builtUpon('nas:9000/base-9000-disk-0.qcow2', names)).to.deep.equal([101])
    expect(builtUpon('tank:base-9000-disk-0', ['tank:base-9000-disk-0/vm-104-disk-0'])).to.deep.equal([104])
    // A linked clone that became a template itself.
    const nested = 'nas:9000/base-9000-disk-0.qcow2/9005/base-9005-disk-0.qcow2'
    expect(builtUpon(nested, [nested, 'nas:9005/base-9005-disk-0.qcow2/106/vm-106-disk-0.qcow2'])).to.deep.equal([106])
  })

  const facts: DeletionFacts = {
    guest,
    config: {},
    status: 'stopped',
    linkedClones: [],
    replicationJobs: [],
    backupJobs: ['nightly'],
  }
  const refusal = (change: Partial<DeletionFacts>, wish: {stopFirst?: boolean; purge?: boolean} = {}) =>
    refusalOf({...facts, ...change}, {stopFirst: false, purge: false, ...wish})

  it('refuses what the server would refuse, and says what helps', () => {
    expect(refusal({})).to.equal(undefined)
    expect(refusal({config: {protection: 1}})).to.include({kind: 'protected'})
    expect(refusal({config: {protection: 0}})).to.equal(undefined)
    expect(refusal({config: {lock: 'backup'}})).to.include({kind: 'locked'})
    expect(refusal({status: 'running'})).to.include({kind: 'conflict'})
    expect(refusal({status: 'running'}, {stopFirst: true})).to.equal(undefined)
    const used = refusal({guest: {...guest, haState: 'started'}, replicationJobs: ['101-0']})!
    expect(used).to.include({kind: 'refused'})
    expect(used.message).to.contain('high-availability').and.to.contain('101-0')
    expect(used.hint).to.contain('--purge')
    expect(refusal({replicationJobs: ['101-0']}, {purge: true})).to.equal(undefined)
    const linked = refusal({linkedClones: [{...guest, vmid: 120, name: 'copy'}]}, {purge: true, stopFirst: true})!
    expect(linked).to.include({kind: 'refused'})
    expect(linked.message).to.contain('copy (VM 120)')
  })
})
