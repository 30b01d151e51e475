import {expect} from 'chai'

import {remarksOn} from '../../../src/services/cluster-health-service.js'
import type {ClusterOverview} from '../../../src/services/cluster-service.js'

const node = (name: string, version: string, status: 'offline' | 'online' = 'online') => ({
  node: name,
  status,
  version,
  votes: 1,
  storages: [],
})
const three: ClusterOverview = {
  name: 'lab',
  standalone: false,
  quorate: true,
  votes: {total: 3, online: 3, needed: 2},
  nodes: [node('a', '8.4.1'), node('b', '8.4.1'), node('c', '8.4.1')],
}

describe('remarks on a cluster', () => {
  it('are none when all is well', () => {
    expect(remarksOn(three, undefined, undefined, {a: 0, b: 1, c: 0})).to.deep.equal([])
    expect(
      remarksOn({standalone: true, quorate: true, nodes: [node('a', '9.2.1')]}, undefined, undefined, {}),
    ).to.deep.equal([])
  })

  it('tell what one more loss would mean', () => {
    const two = {
      ...three,
      votes: {total: 3, online: 2, needed: 2},
      nodes: [...three.nodes.slice(0, 2), node('c', '8.4.1', 'offline')],
    }
    expect(remarksOn(two, undefined, undefined, {})).to.deep.equal(['one more node lost would end the quorum'])
    expect(remarksOn({...two, quorate: false}, undefined, undefined, {})[0]).to.match(/^without quorum/)
  })

  it('count on a quorum device', () => {
    const device = {host: '192.0.2.9:5403', state: 'Connected', connected: true, votes: 1}
    const pair = {
      ...three,
      nodes: three.nodes.slice(0, 2),
      votes: {total: 3, online: 3, needed: 2},
      quorumDevice: device,
    }
    expect(remarksOn(pair, undefined, undefined, {})).to.deep.equal([])
    const one = {
      ...pair,
      nodes: [node('a', '8.4.1'), node('b', '8.4.1', 'offline')],
      votes: {...pair.votes, online: 2},
    }
    expect(remarksOn(one, undefined, undefined, {})).to.deep.equal([
      'one more node or the quorum device lost would end the quorum',
    ])
    const cut = {
      ...pair,
      votes: {...pair.votes, online: 2},
      quorumDevice: {...device, state: 'Connect failed', connected: false},
    }
    expect(remarksOn(cut, undefined, undefined, {})).to.deep.equal([
      'one more node lost would end the quorum',
      'the quorum device is not connected (Connect failed): its vote is missing',
    ])
  })

  it('compare versions and clocks', () => {
    const mixed = {...three, nodes: [node('a', '8.4.1'), node('b', '9.2.11'), node('c', '8.4.1')]}
    expect(remarksOn(mixed, undefined, undefined, {a: 0, b: 5, c: -1})).to.deep.equal([
      'the nodes run different versions: a 8.4.1, b 9.2.11, c 8.4.1',
      'the clocks of the nodes differ: a 0 s, b +5 s, c -1 s',
    ])
  })

  it('name what HA and Ceph are unhappy with', () => {
    const ha = {
      quorate: true,
      master: 'a',
      services: [
        {id: 'vm:100', node: 'a', state: 'error'},
        {id: 'vm:101', node: 'a', state: 'started'},
      ],
    }
    expect(remarksOn(three, ha, 'HEALTH_WARN', {})).to.deep.equal([
      'high availability has trouble with vm:100 (error)',
      'Ceph says HEALTH_WARN',
    ])
  })
})
