import {expect} from 'chai'

import {newSize, parseNewSize} from '../../../src/domain/disk-rules.js'
import type {GuestDisk} from '../../../src/domain/guest-disks.js'
import type {Guest} from '../../../src/domain/guest.js'

const GIB = 2 ** 30
const vm: Guest = {vmid: 100, name: 'web', type: 'qemu', node: 'a', status: 'stopped', template: false, tags: []}
const disk: GuestDisk = {
  key: 'scsi0',
  kind: 'disk',
  volume: 's:v',
  storage: 's',
  sizeBytes: 8 * GIB,
  options: {},
  unused: false,
}

describe('the new size of a disk', () => {
  const size = (text: string, of = disk) =>
    parseNewSize(text)
      .andThen((wanted) => newSize(vm, of, wanted))
      .match(
        ({bytes}) => bytes,
        ({kind}) => kind,
      )

  it('is what is added, or what it is to have', () => {
    expect(size('+2GiB')).to.equal(10 * GIB)
    expect(size('10G')).to.equal(10 * GIB)
    expect(size('8192M')).to.equal(8 * GIB)
    expect(size('+0.5T')).to.equal(520 * GIB)
  })

  it('is whole KiB, rounded up', () => {
    expect(size('9000000000B')).to.equal(Math.ceil(9_000_000_000 / 1024) * 1024)
  })

  it('never is smaller, and has a unit', () => {
    expect(size('4GiB')).to.equal('invalid-parameter')
    for (const text of ['40', '+10', '-4GiB', '+-1G', '', '+', '10 apples']) expect(size(text), text).to.equal('usage')
  })

  it('cannot be relative to a size that nobody knows', () => {
    const {sizeBytes: _sizeBytes, ...unknown} = disk
    expect(size('+1G', unknown)).to.equal('refused')
    expect(size('40G', unknown)).to.equal(40 * GIB)
  })
})
