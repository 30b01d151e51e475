import {expect} from 'chai'

import {movedRules} from '../../../src/simulator/firewall/rules.js'
import {type Answer, type ApiWorld, openApiWorld} from '../../helpers/api-world.js'

const RULES = '/cluster/firewall/rules'

describe('the simulated firewall', () => {
  let api: ApiWorld
  beforeEach(() => {
    api = openApiWorld('recorded')
  })
  afterEach(() => api.close())
  const list = async (path = RULES): Promise<readonly Answer[]> => (await api.call('GET', path)) as readonly Answer[]

  it('puts a new rule first, switched off, wherever it was wanted', async () => {
    await api.call('POST', RULES, {type: 'in', action: 'ACCEPT', comment: 'a', enable: 1})
    await api.call('POST', RULES, {type: 'in', action: 'DROP', comment: 'b', pos: 1})
    expect((await list()).map(({pos, comment, enable}) => [pos, comment, enable])).to.deep.equal([
      [0, 'b', 0],
      [1, 'a', 1],
    ])
  })

  it('moves a rule in front of the one that is there now', () => {
    expect(movedRules(['a', 'b', 'c'], 0, 1)).to.deep.equal(['a', 'b', 'c'])
    expect(movedRules(['a', 'b', 'c'], 0, 2)).to.deep.equal(['b', 'a', 'c'])
    expect(movedRules(['a', 'b', 'c'], 0, 9)).to.deep.equal(['b', 'c', 'a'])
    expect(movedRules(['a', 'b', 'c'], 2, 0)).to.deep.equal(['c', 'a', 'b'])
  })

  it('refuses changes against another state of the list', async () => {
    await api.call('POST', RULES, {type: 'in', action: 'ACCEPT'})
    const {digest} = (await list())[0] as {digest: string}
    await api.call('PUT', `${RULES}/0`, {comment: 'x', digest})
    expect(await api.failure('DELETE', `${RULES}/0`, {digest})).to.include('detected modified configuration')
    expect(await list()).to.have.length(1)
  })

  it('knows the address family of a rule, and what is wrong in its context', async () => {
    await api.call('POST', '/cluster/firewall/aliases', {name: 'Web', cidr: 'fd00::1'})
    await api.call('POST', RULES, {type: 'in', action: 'ACCEPT', source: 'web'})
    expect((await list())[0]).to.deep.include({source: 'web', ipversion: 6})
    expect(
      await api.failure('POST', RULES, {type: 'in', action: 'ACCEPT', source: 'web', dest: '10.0.0.1'}),
    ).to.include('detected mixed ipv4/ipv6 addresses in rule')
    expect(await api.failure('POST', RULES, {type: 'in', action: 'ACCEPT', dest: '+nope'})).to.include(
      "dest no such ipset 'nope'",
    )
    expect(await api.failure('POST', RULES, {type: 'in', action: 'ACCEPT', macro: 'SSH', proto: 'udp'})).to.include(
      "proto parameter 'proto' already define in macro (value = 'tcp')",
    )
    await api.call('DELETE', '/cluster/firewall/aliases/WEB')
    expect((await list())[0].errors).to.deep.equal({source: "no such alias 'web'"})
  })

  it('keeps groups apart from other rules, and their members', async () => {
    await api.call('POST', '/cluster/firewall/groups', {group: 'web'})
    const group = '/cluster/firewall/groups/web'
    await api.call('POST', group, {type: 'in', action: 'ACCEPT'})
    expect(await api.failure('POST', group, {type: 'group', action: 'web'})).to.include('security groups not allowed')
    expect(await api.failure('POST', group, {type: 'in', action: 'DROP', iface: 'vmbr0'})).to.include(
      'parameter -i not allowed for this rule type',
    )
    await api.call('POST', '/cluster/firewall/groups', {group: 'www', rename: 'web'})
    expect(await list('/cluster/firewall/groups/www')).to.have.length(1)
    expect(await list()).to.deep.equal([])
  })

  it('offers the references of a guest beside those of the cluster', async () => {
    const guest = '/nodes/pve1/qemu/100/firewall'
    await api.call('POST', '/cluster/firewall/ipset', {name: 'lan'})
    await api.call('POST', `${guest}/ipset`, {name: 'own'})
    await api.call('POST', `${guest}/ipset/own`, {cidr: '10.0.0.1/32'})
    expect(await api.failure('POST', `${guest}/ipset/own`, {cidr: '10.0.0.1'})).to.include('already exists')
    expect((await list(`${guest}/refs`)).map(({ref}) => String(ref))).to.deep.equal(['+dc/lan', '+guest/own'])
    expect((await list('/cluster/firewall/refs')).map(({ref}) => String(ref))).to.deep.equal(['+dc/lan'])
  })
})
