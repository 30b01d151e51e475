import {expect} from 'chai'

import {defaultStorage} from '../../../src/domain/default-storage.js'
import {describeStorage} from '../../../src/domain/storage-affinity.js'
import type {NodeStorage} from '../../../src/domain/storage.js'

const GIB = 2 ** 30

function storage(name: string, node: string, rest: Partial<NodeStorage> = {}): NodeStorage {
  return {storage: name, node, available: true, shared: false, content: ['images', 'iso'], ...rest}
}

describe('describing a storage to whoever chooses one', () => {
  const nas = {shared: true, totalBytes: 4096 * GIB, usedBytes: 1024 * GIB}
  const all = [
    storage('nas', 'pve10', nas),
    storage('nas', 'pve2', nas),
    storage('thin', 'pve2', {totalBytes: 100 * GIB, usedBytes: 20 * GIB}),
    storage('thin', 'pve10'),
  ]

  it('says what is free and who sees the same', () => {
    expect(describeStorage(all[0]!, all)).to.equal('nas (3 TiB free, shared by pve2, pve10)')
    expect(describeStorage(all[2]!, all)).to.equal('thin (80 GiB free, local to pve2)')
  })

  it('says nothing of what is not known', () => {
    expect(describeStorage(all[3]!, all)).to.equal('thin (local to pve10)')
  })

  it('says what may lie there where that is the question', () => {
    expect(describeStorage(all[2]!, all, {content: true})).to.equal('thin (80 GiB free, local to pve2, images iso)')
  })

  it('stands in the hint of a choice between several', () => {
    const chosen = defaultStorage('pve2', 'qemu', all, '--storage')
    expect(chosen._unsafeUnwrapErr().hint).to.contain(
      'nas (3 TiB free, shared by pve2, pve10), thin (80 GiB free, local to pve2)',
    )
  })
})
