import {expect} from 'chai'
import {err, errAsync, ok, okAsync} from 'neverthrow'
import sinon from 'sinon'

import {failure} from '../../../src/domain/failure.js'
import {NodeRepository} from '../../../src/repositories/node-repository.js'
import {BridgeCheck} from '../../../src/services/bridge-check.js'

const NODES = ['a', 'b', 'c']

function setUp(bridges: Readonly<Record<string, readonly string[]>>) {
  const nodes = sinon.createStubInstance(NodeRepository)
  nodes.bridges.callsFake((node) => {
    const there = bridges[node]
    return there === undefined ? errAsync(failure('permission', 'no')) : okAsync([...there])
  })
  const check = new BridgeCheck(nodes)
  const place = (wanted: readonly string[], refused = new Map<string, string>()) =>
    check.placeWith(
      (out) => {
        const node = NODES.find((one) => !out.has(one))
        return node === undefined ? err(failure('refused', [...out.values()].join('; '))) : ok(node)
      },
      (node) => node,
      () => wanted,
      refused,
    )
  return {nodes, place}
}

describe('bridges of nodes', () => {
  it('leads to the best node that has them all', async () => {
    const {nodes, place} = setUp({a: ['vmbr0'], b: ['vmbr1', 'vmbr0'], c: ['vmbr0', 'vmbr1']})
    const refused = new Map<string, string>()
    expect((await place(['vmbr0', 'vmbr1'], refused))._unsafeUnwrap()).to.equal('b')
    expect([...refused]).to.deep.equal([['a', 'it has no bridge vmbr1, only vmbr0']])
    await place(['vmbr1'])
    expect(nodes.bridges.args.flat()).to.deep.equal(['a', 'b'])
  })

  it('says of every node what it lacks', async () => {
    const {place} = setUp({a: ['x', 'w'], b: ['x'], c: ['x']})
    const {message} = (await place(['vmbr9']))._unsafeUnwrapErr()
    expect(message).to.equal(
      'it has no bridge vmbr9, only w, x; it has no bridge vmbr9, only x; it has no bridge vmbr9, only x',
    )
  })

  it('leaves it to the server where the bridges may not be seen', async () => {
    const {nodes, place} = setUp({b: []})
    expect((await place(['vmbr9']))._unsafeUnwrap()).to.equal('a')
    expect((await place(['vmbr9'], new Map([['a', 'offline']])))._unsafeUnwrap()).to.equal('b')
    nodes.bridges.resetHistory()
    expect((await place([]))._unsafeUnwrap()).to.equal('a')
    sinon.assert.notCalled(nodes.bridges)
  })

  it('ends where somebody insists on a node that lacks one', async () => {
    const {nodes} = setUp({a: ['x']})
    const placed = await new BridgeCheck(nodes).placeWith(
      () => ok('a'),
      (node) => node,
      () => ['vmbr9'],
      new Map(),
    )
    expect(placed._unsafeUnwrap()).to.equal('a')
  })
})
