import {expect} from 'chai'
import fc from 'fast-check'

import type {ClusterResources} from '../../../src/domain/cluster.js'
import type {Guest} from '../../../src/domain/guest.js'
import type {ClusterNode} from '../../../src/domain/node.js'
import {placeClone, placementReason, type CloneDemand} from '../../../src/domain/placement.js'
import type {NodeStorage} from '../../../src/domain/storage.js'

const GIB = 2 ** 30

function node(name: string, freeGib: number, status: ClusterNode['status'] = 'online'): ClusterNode {
  return {node: name, status, memoryBytes: 70 * GIB, memoryUsedBytes: (70 - freeGib) * GIB}
}

function storage(on: string, name: string, shared: boolean, more: Partial<NodeStorage> = {}): NodeStorage {
  return {storage: name, node: on, available: true, shared, content: ['images'], ...more}
}

function template(on: string, vmid = 9000): Guest {
  return {
    vmid,
    name: 'debian',
    type: 'qemu',
    node: on,
    status: 'stopped',
    template: true,
    tags: [],
    memoryBytes: 2 * GIB,
  }
}

function vm(on: string, vmid: number): Guest {
  return {vmid, type: 'qemu', node: on, status: 'running', template: false, tags: []}
}

function cluster(nodes: ClusterNode[], guests: Guest[], storages: NodeStorage[]): ClusterResources {
  return {nodes, guests, storages}
}

function demand(copies: Guest[], more: Partial<CloneDemand> = {}): CloneDemand {
  return {copies, memoryBytes: 2 * GIB, storageOn: () => undefined, refused: new Map(), ...more}
}

const SHARED = [storage('a', 'nfs', true), storage('b', 'nfs', true), storage('c', 'local', false)]

describe('placement of a clone', () => {
  it('takes the node with the most memory left among those that reach the template', () => {
    const placed = placeClone(
      demand([template('a')]),
      cluster([node('a', 12), node('b', 30), node('c', 60)], [], SHARED),
    )
    expect(placed.candidates.map((c) => c.node)).to.deep.equal(['b', 'a'])
    expect(placed.candidates[0]).to.include({freeMemoryAfterBytes: 28 * GIB})
    expect(placed.rejected).to.have.length(1)
    expect(placed.rejected[0]?.reason).to.contain('shares no disk storage with a')
    expect(placementReason(placed)).to.equal('most free memory among 2 eligible nodes')
  })

  it('uses the twin on the node itself', () => {
    const copies = [template('a', 9000), template('c', 9001)]
    const placed = placeClone(demand(copies), cluster([node('a', 12), node('c', 60)], [], SHARED))
    expect(placed.candidates[0]).to.include({node: 'c'})
    expect(placed.candidates[0]?.source.vmid).to.equal(9001)
  })

  it('says that a local template without a twin leaves one node', () => {
    const local = [storage('a', 'local', false), storage('b', 'local', false)]
    const placed = placeClone(demand([template('a')]), cluster([node('a', 12), node('b', 30)], [], local))
    expect(placed.candidates.map((c) => c.node)).to.deep.equal(['a'])
    expect(placementReason(placed)).to.match(/^the only eligible node: b: no copy of the template is on this node/)
  })

  it('breaks a tie by fewest guests, then by name', () => {
    const nodes = [node('b', 30), node('a', 30)]
    expect(placeClone(demand([template('a')]), cluster(nodes, [vm('a', 100)], SHARED)).candidates[0]?.node).to.equal(
      'b',
    )
    expect(placeClone(demand([template('a')]), cluster(nodes, [], SHARED)).candidates[0]?.node).to.equal('a')
  })

  it('leaves out who is offline, full, without the storage, or refused already', () => {
    const nodes = [node('a', 12), node('b', 1), node('c', 60, 'offline'), node('d', 60), node('e', 50)]
    const storages = ['a', 'b', 'c', 'd', 'e']
      .map((n) => storage(n, 'nfs', true))
      .concat(storage('a', 'fast', true), storage('e', 'fast', true))
    const placed = placeClone(
      demand([template('a')], {storageOn: () => 'fast', refused: new Map([['e', 'said no']])}),
      cluster(nodes, [], storages),
    )
    expect(placed.candidates.map((c) => c.node)).to.deep.equal(['a'])
    expect(Object.fromEntries(placed.rejected.map((r) => [r.node, r.reason]))).to.deep.equal({
      b: 'storage fast is not there',
      c: 'offline',
      d: 'storage fast is not there',
      e: 'said no',
    })
  })

  it('ranks nodes that hide their memory last, and says so when all do', () => {
    const hidden: ClusterNode = {node: 'b', status: 'online'}
    const placed = placeClone(demand([template('a')]), cluster([hidden, node('a', 12)], [], SHARED))
    expect(placed.candidates.map((c) => c.node)).to.deep.equal(['a', 'b'])
    const blind = placeClone(demand([template('a')]), cluster([hidden, {node: 'a', status: 'online'}], [], SHARED))
    expect(placementReason(blind)).to.contain('not visible')
  })

  it('keeps guests that are called alike apart: by points, or strictly', () => {
    const nodes = [node('a', 40), node('b', 36)]
    const cp1: Guest = {...vm('a', 100), name: 'cp-1'}
    const place = (guests: Guest[], spread?: boolean) =>
      placeClone(
        demand([template('a')], {name: 'cp-2', ...(spread !== undefined && {spread})}),
        cluster(nodes, guests, SHARED),
      )
    expect(place([]).candidates[0]?.node).to.equal('a')
    expect(place([cp1]).candidates[0]?.node).to.equal('b')
    expect(placementReason(place([cp1]))).to.equal('farthest from guests like it among 2 eligible nodes')
    expect(place([cp1], true).rejected).to.deep.equal([
      {node: 'a', reason: 'cp-1 is there, and they are spread over nodes'},
    ])
    expect(place([cp1, {...cp1, vmid: 101, name: 'cp-3', node: 'b'}], true).candidates).to.deep.equal([])
  })

  it('keeps away from nodes in maintenance', () => {
    const nodes = [{...node('a', 40), haState: 'maintenance'}, node('b', 30)]
    expect(placeClone(demand([template('a')]), cluster(nodes, [], SHARED)).rejected).to.deep.equal([
      {node: 'a', reason: 'in maintenance'},
    ])
  })

  it('counts what guests are configured with, up to the ceiling, as for guests that move', () => {
    const idle = [node('a', 60), node('b', 30)]
    const promised: Guest = {...vm('a', 100), memoryBytes: 62 * GIB}
    const place = (guests: Guest[], more?: Partial<CloneDemand>) =>
      placeClone(demand([template('a')], more), cluster(idle, guests, SHARED))
    expect(place([promised]).candidates.map((c) => c.node)).to.deep.equal(['b'])
    expect(place([promised]).rejected).to.deep.equal([
      {node: 'a', reason: '1 GiB of memory left below 90%, 2 GiB needed', lacks: 'memory'},
    ])
    expect(place([{...promised, status: 'stopped'}]).candidates[0]?.node).to.equal('a')
    expect(place([promised], {memoryCeiling: 1.5}).rejected).to.deep.equal([])
    expect(place([], {memoryCeiling: 0.1}).rejected.map((one) => one.lacks)).to.deep.equal(['memory', 'memory'])
  })

  it('needs a free VMID of the range that is set for a node', () => {
    const nodes = [node('a', 60), node('b', 30)]
    const guests = [vm('b', 200), vm('a', 201)]
    const place = (last: number) =>
      placeClone(
        demand([template('a')], {vmidsOn: (on) => (on === 'a' ? {first: 200, last} : undefined)}),
        cluster(nodes, guests, SHARED),
      )
    expect(place(202).candidates.map((c) => c.node)).to.deep.equal(['a', 'b'])
    expect(place(201).candidates.map((c) => c.node)).to.deep.equal(['b'])
    expect(place(201).rejected).to.deep.equal([{node: 'a', reason: 'no VMID from 200 to 201 is free', lacks: 'vmids'}])
  })

  it('never breaks a hard constraint, and forgets no node', () => {
    const anyNode = fc.record({
      free: fc.integer({min: 0, max: 15}),
      status: fc.constantFrom('online' as const, 'offline' as const, 'unknown' as const),
      shared: fc.boolean(),
      copy: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(anyNode, {minLength: 1, maxLength: 8}), fc.integer({min: 1, max: 6}), (specs, need) => {
        const nodes = specs.map((spec, i) => node(`n${i}`, spec.free, spec.status))
        const copies = specs.flatMap((spec, i) => (spec.copy ? [template(`n${i}`, 9000 + i)] : []))
        fc.pre(copies.length > 0)
        const storages = specs.map((spec, i) => storage(`n${i}`, spec.shared ? 'nfs' : 'local', spec.shared))
        const placed = placeClone(demand(copies, {memoryBytes: need * GIB}), cluster(nodes, [], storages))
        expect(placed.candidates.length + placed.rejected.length).to.equal(nodes.length)
        for (const {node: name, source} of placed.candidates) {
          const spec = specs[Number(name.slice(1))]!
          expect(spec.status).to.equal('online')
          expect(spec.free - 7).to.be.at.least(need)
          if (source.node !== name) {
            const home = specs[Number(source.node.slice(1))]!
            expect([spec.shared, home.shared, home.status]).to.deep.equal([true, true, 'online'])
          }
        }

        const left = placed.candidates.map((c) => c.freeMemoryAfterBytes ?? 0)
        expect(left).to.deep.equal([...left].sort((a, b) => b - a))
      }),
    )
  })
})
