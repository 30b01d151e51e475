import {expect} from 'chai'

import {explainGuest} from '../../../src/domain/explain-placement.js'
import {guestNeeds} from '../../../src/domain/guest-needs.js'
import {PLACEMENT_POLICY} from '../../../src/domain/guest-reach.js'
import {NO_HA_RULES, type HaRules} from '../../../src/domain/ha-rules.js'
import {planMoves, type MoveOptions} from '../../../src/domain/move-plan.js'
import {placementReason} from '../../../src/domain/placement.js'
import type {PlacementFacts, PlacementGuest, PlacementNode} from '../../../src/domain/placement-facts.js'
import {planRebalance} from '../../../src/domain/rebalance-plan.js'
import {planReturn} from '../../../src/domain/return-plan.js'

const GIB = 2 ** 30

function node(name: string, gib: number, more: Partial<PlacementNode> = {}): PlacementNode {
  return {node: name, status: 'online', memoryBytes: gib * GIB, memoryUsedBytes: 0, ...more}
}

function vm(vmid: number, on: string, gib: number, more: Partial<PlacementGuest> = {}): PlacementGuest {
  return {
    vmid,
    type: 'qemu',
    node: on,
    status: 'running',
    template: false,
    tags: [],
    memoryBytes: gib * GIB,
    needs: {disks: [{key: 'scsi0', storage: 'nas', kind: 'disk', bytes: GIB}], bridges: [], devices: [], pins: []},
    ...more,
  }
}

function cluster(nodes: PlacementNode[], guests: PlacementGuest[], rules: Partial<HaRules> = {}): PlacementFacts {
  const storages = nodes.flatMap(({node: on}) => [
    {storage: 'nas', node: on, available: true, shared: true, content: ['images', 'rootdir']},
    {storage: 'ssd', node: on, available: true, shared: false, content: ['images'], totalBytes: 10 * GIB, usedBytes: 0},
  ])
  return {nodes, guests, storages, rules: {...NO_HA_RULES, ...rules}}
}

const options = (more: Partial<MoveOptions> = {}): MoveOptions => ({
  leaving: ['a'],
  policy: PLACEMENT_POLICY,
  blocked: 'fail',
  stopped: 'stay',
  ...more,
})

const targets = (facts: PlacementFacts, more: Partial<MoveOptions> = {}) =>
  Object.fromEntries(planMoves(facts, options(more)).moves.map(({to, vmid}) => [vmid, to]))

const onSsd = {
  needs: {
    disks: [{key: 'scsi0', storage: 'ssd', kind: 'disk' as const, bytes: 8 * GIB}],
    bridges: [],
    devices: [],
    pins: [],
  },
}

describe('plans that empty nodes', () => {
  it('counts what guests are configured with, up to 90 % of a node', () => {
    const nodes = [node('a', 32), node('b', 20)]
    expect(targets(cluster(nodes, [vm(1, 'a', 10), vm(2, 'b', 8)]))).to.deep.equal({1: 'b'})
    const plan = planMoves(cluster(nodes, [vm(1, 'a', 11), vm(2, 'b', 8)]), options())
    expect(plan).to.include({possible: false})
    expect(plan.blocked[0]?.reason).to.equal(
      'no node has room for it beside the others (b: 10 GiB of memory left below 90%, 11 GiB needed)',
    )
  })

  it('packs tightly where by score something would be left over', () => {
    // 18 GiB for 22 GiB of room: 6 and 4 have to share the smaller node.
    const nodes = [node('a', 64), node('b', 10), node('c', 12)]
    const facts = cluster(nodes, [vm(1, 'a', 6), vm(2, 'a', 5), vm(3, 'a', 3), vm(4, 'a', 4)])
    const plan = planMoves(facts, options({policy: {...PLACEMENT_POLICY, memoryCeiling: 1}}))
    expect(plan).to.include({possible: true, exhaustive: true})
    expect(plan.moves).to.have.length(4)
  })

  it('says what is done with those that cannot move', () => {
    const facts = cluster(
      [node('a', 32), node('b', 32)],
      [vm(1, 'a', 4, onSsd), vm(2, 'a', 4), vm(3, 'a', 4, {status: 'stopped'})],
    )
    const failing = planMoves(facts, options())
    expect([failing.possible, failing.shutdowns.length]).to.deep.equal([false, 0])
    expect(failing.blocked.map(({reason}) => reason)).to.deep.equal([
      'scsi0 is on ssd, local to a, and local disks are not to be moved',
    ])
    const shut = planMoves(facts, options({blocked: 'shutdown'}))
    expect([shut.possible, shut.shutdowns.map(({vmid}) => vmid)]).to.deep.equal([true, [1]])
    const left = planMoves(facts, options({blocked: 'leave'}))
    expect([left.possible, left.shutdowns.length]).to.deep.equal([true, 0])
    expect(left.staying).to.deep.equal([{vmid: 3, type: 'qemu', node: 'a', reason: 'stopped'}])
    expect(targets(facts, {stopped: 'move', blocked: 'leave'})).to.have.keys('2', '3')
  })

  it('copies local disks where that is allowed, as long as there is room for them', () => {
    const facts = cluster([node('a', 32), node('b', 32), node('c', 16)], [vm(1, 'a', 1, onSsd), vm(2, 'a', 1, onSsd)])
    const policy = {...PLACEMENT_POLICY, localDisks: true}
    // 8 GiB each, and 10 GiB on either node.
    expect(Object.values(targets(facts, {policy})).sort()).to.deep.equal(['b', 'c'])
    expect(planMoves(facts, options({policy})).moves[0]?.copies).to.deep.equal([
      {key: 'scsi0', from: 'ssd', to: 'ssd', bytes: 8 * GIB},
    ])
    const mapped = {...PLACEMENT_POLICY, storageMap: {ssd: 'nas'}}
    expect(planMoves(facts, options({policy: mapped})).moves).to.have.length(2)
  })

  it('knows which local disks cannot be copied, for they have snapshots', () => {
    const nodes = [node('a', 32), node('b', 32)]
    const policy = {...PLACEMENT_POLICY, localDisks: true}
    const blocked = (type: 'lxc' | 'qemu', status: 'running' | 'stopped', config: object) => {
      const guest = {...vm(1, 'a', 1, {needs: guestNeeds(type, {parent: 'before', ...config})}), type, status}
      return planMoves(cluster(nodes, [guest]), options({policy, stopped: 'move'})).blocked.map(({reason}) => reason)
    }
    const onSsd = 'it has snapshots, and scsi0 on ssd, local to a, cannot be copied with them'
    const ssd = {scsi0: 'ssd:vm-1-disk-0,size=1G'}
    const qcow2 = {scsi0: 'ssd:1/vm-1-disk-0.qcow2,size=1G'}
    expect(blocked('qemu', 'running', ssd)).to.deep.equal([`${onSsd} while it runs`])
    expect(blocked('qemu', 'stopped', ssd)).to.deep.equal([onSsd])
    expect(blocked('qemu', 'running', qcow2)).to.deep.equal([`${onSsd} while it runs`])
    expect(blocked('qemu', 'stopped', qcow2)).to.deep.equal([])
    expect(blocked('lxc', 'running', {rootfs: 'ssd:vm-1-disk-0,size=1G'})).to.deep.equal([
      'it has snapshots, and rootfs on ssd, local to a, cannot be copied with them',
    ])
    expect(blocked('qemu', 'running', {scsi0: 'nas:1/vm-1-disk-0.qcow2'})).to.deep.equal([])
    expect(blocked('qemu', 'running', {scsi0: 'nas:1/vm-1-disk-0.qcow2', unused0: 'ssd:vm-1-disk-1'})).to.deep.equal([])
  })

  it('takes cloud-init drives along wherever they are', () => {
    const drive = {scsi0: 'nas:1/vm-1-disk-0.qcow2', ide2: 'ssd:vm-1-cloudinit,media=cdrom,size=4M'}
    const facts = cluster([node('a', 32), node('b', 32)], [vm(1, 'a', 1, {needs: guestNeeds('qemu', drive)})])
    const [move] = planMoves(facts, options()).moves
    expect(move?.copies?.map(({key}) => key)).to.deep.equal(['ide2'])
  })

  it('shuts down only what can be shut down', () => {
    const nodes = [node('a', 32), node('b', 32)]
    const held = (change: object) => cluster(nodes, [{...vm(1, 'a', 4, onSsd), ...change}, vm(2, 'a', 4, onSsd)])
    const locked = planMoves(held({lock: 'backup'}), options({blocked: 'shutdown'}))
    expect([locked.possible, locked.shutdowns.map(({vmid}) => vmid)]).to.deep.equal([false, [2]])
    expect(locked.blocked[0]?.reason).to.equal('it is locked (backup), and cannot be shut down either')
    const paused = planMoves(held({status: 'paused'}), options({blocked: 'shutdown'}))
    expect(paused.possible).to.equal(false)
    expect(paused.blocked[0]?.reason).to.match(/, and it is paused: it cannot be shut down either$/)
    expect(planMoves(held({status: 'paused'}), options({blocked: 'leave'})).possible).to.equal(true)
  })

  it('moves together what HA keeps together, and never to where something is kept apart', () => {
    const guests = [vm(1, 'a', 6), vm(2, 'a', 6), vm(3, 'a', 2), vm(4, 'b', 1)]
    const facts = cluster([node('a', 64), node('b', 20), node('c', 16)], guests, {
      resourceAffinities: [
        {name: 'pair', affinity: 'positive', vmids: new Set([1, 2])},
        {name: 'rivals', affinity: 'negative', vmids: new Set([3, 4])},
      ],
    })
    const plan = planMoves(facts, options())
    const at = new Map(plan.moves.map((move) => [move.vmid, move]))
    expect(at.get(1)?.to).to.equal(at.get(2)?.to)
    expect(at.get(1)?.with).to.deep.equal([2])
    expect(at.get(3)?.to).to.equal('c')
  })

  it('knows where HA would take a guest back to', () => {
    const ha = {ha: {failback: true}}
    const rules = {
      nodeAffinities: [
        {
          name: 'home',
          vmids: new Set([1]),
          nodes: new Map([
            ['a', 1],
            ['c', 0],
          ]),
          strict: false,
        },
      ],
    }
    const guests = [vm(1, 'a', 1, ha)]
    const facts = cluster([node('a', 32), node('b', 32), node('c', 16)], guests, rules)
    expect(planMoves(facts, options()).blocked[0]?.reason).to.contain('b: HA would take it back to a (rule home)')
    const maintained = cluster([node('a', 32, {haState: 'maintenance'}), node('b', 32), node('c', 16)], guests, rules)
    expect(targets(maintained)).to.deep.equal({1: 'c'})
    const staying = cluster(facts.nodes.slice(), [vm(1, 'a', 1, {ha: {failback: false}})], rules)
    expect(targets(staying)).to.have.keys('1')
  })

  it('leaves passed-through devices where they are, and follows mappings', () => {
    const nodes = [node('a', 32), node('b', 32, {mappings: new Set()}), node('c', 16, {mappings: new Set(['pci:gpu'])})]
    const needs = (config: object, live = ['pci:gpu']) => ({needs: guestNeeds('qemu', config as never, new Set(live))})
    expect(targets(cluster(nodes, [vm(1, 'a', 1, needs({hostpci0: 'mapping=gpu'}))]))).to.deep.equal({1: 'c'})
    const raw = planMoves(cluster(nodes, [vm(1, 'a', 1, needs({hostpci0: '0000:01:00.0,pcie=1'}))]), options())
    expect(raw.blocked[0]?.reason).to.equal('hostpci0 is a device of the node itself')
    const dead = planMoves(cluster(nodes, [vm(1, 'a', 1, needs({hostpci0: 'mapping=gpu'}, []))]), options())
    expect(dead.blocked[0]?.reason).to.equal('hostpci0 (pci:gpu) cannot be moved while it runs')
  })
})

describe('what a configuration asks of a node', () => {
  it('reads disks, bridges, mapped devices, and what ties the guest to its node', () => {
    expect(
      guestNeeds('qemu', {
        scsi0: 'nas:100/vm-100-disk-0.qcow2,size=32G',
        ide2: 'local:iso/debian.iso,media=cdrom',
        ide3: 'none,media=cdrom',
        net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr1',
        usb0: 'host=1234:5678',
        usb1: 'spice',
        usb2: 'mapping=stick',
        virtiofs0: 'share,cache=auto',
        serial0: 'socket',
        serial1: '/dev/ttyS0',
      }),
    ).to.deep.equal({
      disks: [
        {key: 'ide2', storage: 'local', kind: 'cdrom', format: 'iso'},
        {key: 'scsi0', storage: 'nas', kind: 'disk', format: 'qcow2', bytes: 32 * GIB},
      ],
      bridges: ['vmbr1'],
      devices: [
        {key: 'usb2', kind: 'usb', mapping: 'stick', live: false},
        {key: 'virtiofs0', kind: 'dir', mapping: 'share', live: false},
      ],
      pins: ['serial1 is /dev/ttyS0 of the node itself', 'usb0 is a device of the node itself'],
    })
    expect(
      guestNeeds('lxc', {
        rootfs: 'nas:200/vm-200-disk-0.raw,size=8G',
        mp0: '/srv,mp=/srv',
        mp1: '/mnt/shared,mp=/shared,shared=1',
        dev0: '/dev/dri/card0',
      }).pins,
    ).to.deep.equal(['dev0 is a device of the node itself', 'mp0 is /srv, of the node itself'])
  })
})

describe('plans that bring guests home', () => {
  it('finds the order in which two full nodes change guests over a third', () => {
    const nodes = [node('a', 10), node('b', 10), node('c', 10)]
    const policy = {...PLACEMENT_POLICY, memoryCeiling: 1}
    // 1 (8) belongs on b, where 2 (8) is, which belongs on c.
    const facts = cluster(nodes, [vm(1, 'a', 8), vm(2, 'b', 8)])
    const plan = planReturn(
      facts,
      [
        {vmid: 1, node: 'b'},
        {vmid: 2, node: 'c'},
        {vmid: 9, node: 'c'},
      ],
      policy,
    )
    expect(plan.moves.map(({after, from, to, vmid}) => ({vmid, from, to, after}))).to.deep.equal([
      {vmid: 2, from: 'b', to: 'c', after: undefined},
      {vmid: 1, from: 'a', to: 'b', after: [2]},
    ])
    expect(plan.gone).to.deep.equal([9])
  })

  it('does not send guests past each other that belong together', () => {
    const together = {name: 'pair', affinity: 'positive' as const, vmids: new Set([1, 2])}
    const facts = cluster([node('a', 10), node('b', 10)], [vm(1, 'a', 1), vm(2, 'b', 1)], {
      resourceAffinities: [together],
    })
    const origins = [
      {vmid: 1, node: 'b'},
      {vmid: 2, node: 'a'},
    ]
    const plan = planReturn(facts, origins, PLACEMENT_POLICY)
    expect(plan.moves.map(({to, vmid}) => [vmid, to])).to.deep.equal([[1, 'b']])
    expect(plan.blocked.map(({reason, vmid}) => [vmid, reason])).to.deep.equal([
      [2, 'HA keeps it together with VM 1, which goes to b'],
    ])
  })

  it('names a swap that has no order, and starts what was shut down', () => {
    const nodes = [node('a', 10), node('b', 10), node('c', 10)]
    const policy = {...PLACEMENT_POLICY, memoryCeiling: 1}
    const facts = cluster(nodes, [
      vm(1, 'a', 8),
      vm(2, 'b', 8),
      vm(3, 'c', 4, {status: 'stopped'}),
      vm(4, 'c', 7, {status: 'stopped'}),
    ])
    const plan = planReturn(
      facts,
      [
        {vmid: 1, node: 'b'},
        {vmid: 2, node: 'a'},
        {vmid: 3, node: 'c', shutDown: true},
        {vmid: 4, node: 'c', shutDown: true},
      ],
      policy,
    )
    expect(plan.moves).to.deep.equal([])
    expect(plan.starts.map(({vmid}) => vmid)).to.deep.equal([3])
    expect(plan.blocked.map(({vmid}) => vmid)).to.deep.equal([1, 2, 4])
  })
})

describe('plans that even out', () => {
  it('moves few guests, and none for little', () => {
    const facts = cluster([node('a', 100), node('b', 100)], [vm(1, 'a', 40), vm(2, 'a', 20), vm(3, 'a', 1)])
    const plan = planRebalance(facts, {policy: PLACEMENT_POLICY, maxMoves: 1})
    expect(plan.moves.map(({to, vmid}) => [vmid, to])).to.deep.equal([[1, 'b']])
    expect(plan.imbalanceAfter).to.be.lessThan(plan.imbalanceBefore)
    const even = cluster([node('a', 100), node('b', 100)], [vm(1, 'a', 40), vm(2, 'b', 40), vm(3, 'a', 1)])
    expect(planRebalance(even, {policy: PLACEMENT_POLICY, maxMoves: 5}).moves).to.deep.equal([])
  })
})

describe('an explanation', () => {
  it('says which part decided', () => {
    const nodes = [node('a', 32), node('b', 34), node('c', 33)]
    const web = (vmid: number, on: string) => vm(vmid, on, 1, {name: `web-${vmid}`})
    const facts = cluster(nodes, [web(1, 'b'), web(2, 'b'), web(3, 'b')])
    const apart = explainGuest(facts, facts.guests[0]!, PLACEMENT_POLICY)
    expect(apart.candidates.map(({node: name}) => name)).to.deep.equal(['c', 'a', 'b'])
    const alone = cluster(nodes, [vm(1, 'a', 1)])
    const stay = explainGuest(alone, alone.guests[0]!, PLACEMENT_POLICY)
    expect(stay.candidates[0]?.node).to.equal('a')
    expect(placementReason(stay)).to.equal('where it is already among 3 eligible nodes')
  })

  it('says of a node that is off just that, as where it is named', () => {
    const facts = cluster([node('a', 32), node('b', 34, {status: 'offline'}), node('c', 33)], [vm(1, 'a', 1, onSsd)])
    const {rejected} = explainGuest(facts, facts.guests[0]!, PLACEMENT_POLICY)
    expect(rejected[0]).to.deep.equal({node: 'b', reason: 'offline'})
    expect(rejected[1]?.reason).to.contain('local disks are not to be moved')
  })
})
