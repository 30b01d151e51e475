import {expect} from 'chai'

import {parseStartup, startupGroups, type Startup} from '../../../src/domain/startup-order.js'

describe('startup order', () => {
  it('reads the option as Proxmox VE writes it', () => {
    expect(parseStartup('order=2,up=30,down=60')).to.deep.equal({order: 2, upSeconds: 30, downSeconds: 60})
    expect(parseStartup('3')).to.deep.equal({order: 3})
    expect(parseStartup(0)).to.deep.equal({order: 0})
    expect(parseStartup('up=15')).to.deep.equal({upSeconds: 15})
    for (const nothing of [undefined, null, '', 'order=soon,up=-1']) expect(parseStartup(nothing)).to.deep.equal({})
  })

  const member = (guest: string, startup: Startup = {}) => ({guest, startup})
  const names = (groups: ReturnType<typeof startupGroups<string>>) =>
    groups.map(({members}) => members.map(({guest}) => guest).join(' '))
  const members = [
    member('any'),
    member('late', {order: 10}),
    member('first', {order: 0}),
    member('twin', {order: 10}),
    member('other', {upSeconds: 5}),
  ]

  it('starts ascending, those without an order last', () => {
    const groups = startupGroups(members, 'start')
    expect(names(groups)).to.deep.equal(['first', 'late twin', 'any other'])
    expect(groups.map(({order}) => order)).to.deep.equal([0, 10, undefined])
    expect(groups[2]).not.to.have.property('order')
  })

  it('stops the other way round', () => {
    expect(names(startupGroups(members, 'stop'))).to.deep.equal(['any other', 'late twin', 'first'])
    expect(startupGroups([], 'stop')).to.deep.equal([])
  })
})
