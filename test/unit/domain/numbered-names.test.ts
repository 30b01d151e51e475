import {expect} from 'chai'

import {checkNamesFree, numberedNames} from '../../../src/domain/numbered-names.js'
import type {Guest} from '../../../src/domain/guest.js'

const guest = (name: string, vmid: number): Guest => ({
  vmid,
  name,
  type: 'qemu',
  node: 'pve1',
  status: 'stopped',
  template: false,
  tags: [],
})

describe('names with numbers', () => {
  it('count from one, before the domain', () => {
    expect(numberedNames('web', 3)._unsafeUnwrap()).to.deep.equal(['web-1', 'web-2', 'web-3'])
    expect(numberedNames('web.lab', 1)._unsafeUnwrap()).to.deep.equal(['web-1.lab'])
  })

  it('are names of guests', () => {
    expect(numberedNames('web_', 2)._unsafeUnwrapErr().message).to.contain('"web_"')
    expect(numberedNames('a'.repeat(62), 10)._unsafeUnwrapErr().message).to.contain('-1')
  })

  it('must all be free', () => {
    expect(checkNamesFree(['web-1', 'web-2'], [guest('web', 100), guest('db', 101)]).isOk()).to.equal(true)
    const failed = checkNamesFree(['web-1', 'web-2'], [guest('web-2', 100)])._unsafeUnwrapErr()
    expect(failed).to.deep.include({kind: 'already-exists', details: {names: ['web-2'], vmids: [100]}})
    expect(failed.message).to.contain('web-2 (VMID 100 on pve1)')
  })
})
