import {expect} from 'chai'
import {err, errAsync, ok, okAsync} from 'neverthrow'
import sinon from 'sinon'

import {failure} from '../../../src/domain/failure.js'
import {MappingRepository, type ResourceMapping} from '../../../src/repositories/mapping-repository.js'
import {NodeRepository} from '../../../src/repositories/node-repository.js'
import {ReachCheck, type ReachNeeds} from '../../../src/services/reach-check.js'

const NODES = ['a', 'b', 'c']

function setUp(bridges: Readonly<Record<string, readonly string[]>>, pci?: readonly ResourceMapping[]) {
  const nodes = sinon.createStubInstance(NodeRepository)
  nodes.bridges.callsFake((node) => {
    const there = bridges[node]
    return there === undefined ? errAsync(failure('permission', 'no')) : okAsync([...there])
  })
  const mappings = sinon.createStubInstance(MappingRepository)
  mappings.list.returns(pci === undefined ? errAsync(failure('permission', 'no')) : okAsync([...pci]))
  const check = new ReachCheck(nodes, mappings)
  const place = (
    wanted: ReachNeeds['bridges'],
    refused = new Map<string, string>(),
    devices: ReachNeeds['devices'] = [],
  ) =>
    check.placeWith(
      (out) => {
        const node = NODES.find((one) => !out.has(one))
        return node === undefined ? err(failure('refused', [...out.values()].join('; '))) : ok(node)
      },
      (node) => node,
      () => ({bridges: wanted, devices}),
      refused,
    )
  return {check, mappings, nodes, place}
}

describe('what nodes have for new guests', () => {
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
    const {check} = setUp({a: ['x']})
    const placed = await check.placeWith(
      () => ok('a'),
      (node) => node,
      () => ({bridges: ['vmbr9'], devices: []}),
      new Map(),
    )
    expect(placed._unsafeUnwrap()).to.equal('a')
  })

  it('looks for a node with the devices of a mapping, and asks for the mappings once', async () => {
    const {mappings, place} = setUp({}, [{id: 'gpu', nodes: ['c'], live: false}])
    const refused = new Map<string, string>()
    const gpu = {key: 'hostpci0', kind: 'pci', mapping: 'gpu', live: false} as const
    expect((await place([], refused, [gpu]))._unsafeUnwrap()).to.equal('c')
    expect(refused.get('a')).to.equal('hostpci0 (pci:gpu) has no device there')
    sinon.assert.calledOnceWithExactly(mappings.list, 'pci')
    // One that is not listed may be hidden from this login.
    expect((await place([], new Map(), [{...gpu, mapping: 'other'}]))._unsafeUnwrap()).to.equal('a')
  })

  it('leaves it to the server where the mappings may not be seen', async () => {
    const {place} = setUp({})
    const usb = {key: 'usb0', kind: 'usb', mapping: 'stick', live: false} as const
    expect((await place([], new Map(), [usb]))._unsafeUnwrap()).to.equal('a')
  })
})
