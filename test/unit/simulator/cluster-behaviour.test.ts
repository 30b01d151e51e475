import {expect} from 'chai'

import {loadSchema} from '../../../src/schema/schema.js'
import {routes} from '../../../src/simulator/api/routes.js'
import {findFixture, loadFixture} from '../../../src/simulator/fixtures/load.js'
import {frontDoorChecks} from '../../../src/simulator/front-door-checks.js'
import {startHighAvailability} from '../../../src/simulator/ha/start.js'
import {PveError} from '../../../src/simulator/kernel/pve-error.js'
import {ProxyError, Router} from '../../../src/simulator/kernel/router.js'
import {openWorld} from '../../../src/simulator/kernel/world.js'
import {quorumGate, ringDelay} from '../../../src/simulator/quorum/gate.js'

const schema = loadSchema('8.4')

/** Three nodes whose time passes only when a test says so. */
function cluster() {
  const world = openWorld(schema, {kind: 'stepped'})
  loadFixture(world, 'recorded-cluster', findFixture('recorded-cluster'))
  startHighAvailability(world, routes)
  const router = new Router(routes, frontDoorChecks, {before: quorumGate, delay: ringDelay})
  const began = world.clock.nowMs()
  const seconds = (): number => (world.clock.nowMs() - began) / 1000
  const call = async (method: string, path: string, params = {}, via = 'n1') => {
    const result = await router.handle(world, {method, path, params, user: 'root@pam!t1', via})
    return 'data' in result ? (result.data as unknown) : undefined
  }

  /** Lets time pass until the call has ended: its answer or error text, and the seconds it took. */
  const timed = async (method: string, path: string, params = {}, via = 'n1') => {
    const start = seconds()
    let outcome: {answer: unknown; took: number} | undefined
    void call(method, path, params, via).then(
      (answer) => {
        outcome = {answer, took: seconds() - start}
      },
      (error: unknown) => {
        const text = error instanceof PveError || error instanceof ProxyError ? error.message : String(error)
        outcome = {answer: text, took: seconds() - start}
      },
    )
    for (let turn = 0; turn < 200 && outcome === undefined; turn++) await world.clock.advance(0.1)
    return {...outcome!, took: Math.round(outcome!.took * 10) / 10}
  }

  const service = async (sid: string) => {
    const entries = (await call('GET', '/cluster/ha/status/current')) as {sid?: string; status: string}[]
    return entries.find((entry) => entry.sid === sid)?.status
  }

  return {world, call, timed, service, close: () => world.close()}
}

describe('a simulated cluster that loses nodes', () => {
  it('notices a dead node after eight seconds, in which changes wait and checks do not', async () => {
    const {world, call, timed, close} = cluster()
    await call('POST', '/nodes/n3/qemu', {vmid: 401, memory: 64})
    await world.clock.advance(3)
    world.killNode('n3')
    const online = async () =>
      ((await call('GET', '/cluster/status')) as {name: string; online?: number}[]).find(({name}) => name === 'n3')!
        .online
    expect(await online()).to.equal(1)
    expect(await timed('GET', '/nodes/n3/qemu')).to.deep.include({answer: 'Connection refused'})
    expect(await timed('POST', '/nodes/n1/qemu', {vmid: 401, memory: 64})).to.deep.include({
      answer: "unable to create VM 401 - VM 401 already exists on node 'n3'",
    })
    const created = await timed('POST', '/nodes/n1/qemu', {vmid: 470, memory: 64})
    expect(created.answer).to.match(/^UPID:n1:.*:qmcreate:470:/)
    expect(created.took).to.be.within(7, 8.1)
    expect(await online()).to.equal(0)
    expect((await timed('GET', '/nodes/n3/qemu')).answer).to.equal('No route to host')
    close()
  })

  it('keeps what a dead node last said for five minutes', async () => {
    const {world, call, close} = cluster()
    await call('POST', '/nodes/n3/qemu', {vmid: 401, name: 'db', memory: 64})
    await world.clock.advance(3)
    world.killNode('n3')
    const guest = async () =>
      ((await call('GET', '/cluster/resources', {type: 'vm'})) as {vmid: number; status: string; name?: string}[])[0]!
    await world.clock.advance(290)
    expect(await guest()).to.include({status: 'stopped', name: 'db'})
    await world.clock.advance(15)
    expect(await guest()).to.deep.equal({id: 'qemu/401', type: 'qemu', vmid: 401, node: 'n3', status: 'unknown'})
    close()
  })

  it('refuses changes without quorum: some at once, some after nine seconds, and parameters first', async () => {
    const {world, timed, call, close} = cluster()
    world.killNode('n3', 20)
    world.cutNode('n2')
    await world.clock.advance(8.1)
    const refusal = {answer: 'cluster not ready - no quorum?', took: 0.1}
    expect((await timed('POST', '/nodes/n1/qemu', {vmid: 520, memory: 64})).answer).to.equal(refusal.answer)
    expect((await timed('POST', '/cluster/ha/groups', {group: 'g1', nodes: 'n1'})).answer).to.equal(refusal.answer)
    const added = await timed('POST', '/access/users', {userid: 'x@pve', password: 'abcdefgh'})
    expect(added.answer).to.equal("create user failed: cfs-lock 'file-user_cfg' error: no quorum!")
    expect(added.took).to.be.within(8.9, 9.2)
    expect((await timed('PUT', '/cluster/options', {keyboard: 'xx'})).answer).to.equal('Parameter verification failed.')
    expect(await call('GET', '/pools')).to.deep.equal([])
    expect((await timed('GET', '/nodes/n2/qemu')).answer).to.equal('No route to host')
    world.joinNode('n2')
    expect(world.isQuorate('n1')).to.equal(false)
    await world.clock.advance(4)
    expect(world.isQuorate('n1')).to.equal(true)
    expect(await call('POST', '/pools', {poolid: 'p'})).to.equal(null)
    close()
  })
})

describe('simulated high availability', () => {
  async function withService() {
    const context = cluster()
    await context.call('POST', '/nodes/n3/qemu', {vmid: 400, memory: 64, scsi0: 'shared:1'})
    await context.world.clock.advance(5.5)
    await context.call('POST', '/cluster/ha/resources', {sid: 'vm:400'})
    return context
  }

  it('takes a new resource up in rounds: queued, starting, started', async () => {
    const {world, service, close} = await withService()
    expect(await service('vm:400')).to.equal('vm:400 (n3, queued)')
    await world.clock.advance(5)
    expect(await service('vm:400')).to.equal('vm:400 (n3, starting)')
    expect(world.store.of('guests').get(400)!.run).to.equal(undefined)
    await world.clock.advance(11)
    expect(world.store.of('guests').get(400)!.run).not.to.equal(undefined)
    await world.clock.advance(10)
    expect(await service('vm:400')).to.equal('vm:400 (n3, started)')
    close()
  })

  it('fences a dead node after a minute and recovers its services after two', async () => {
    const {world, call, service, close} = await withService()
    await world.clock.advance(25)
    world.killNode('n3')
    await world.clock.advance(50)
    expect(await service('vm:400')).to.equal('vm:400 (n3, started)')
    await world.clock.advance(20)
    expect(await service('vm:400')).to.equal('vm:400 (n3, fence)')
    const node = ((await call('GET', '/cluster/resources', {type: 'node'})) as {node: string; hastate: string}[]).find(
      (entry) => entry.node === 'n3',
    )
    expect(node).to.include({status: 'offline', hastate: 'fence'})
    await world.clock.advance(80)
    expect(world.store.of('guests').get(400)!.node).to.equal('n1')
    expect(await service('vm:400')).to.equal('vm:400 (n1, started)')
    close()
  })

  it('accepts a request for a node nobody knows, and drops it', async () => {
    const {world, call, service, close} = await withService()
    await world.clock.advance(25)
    expect(await call('POST', '/cluster/ha/resources/vm:400/migrate', {node: 'n9'})).to.equal(null)
    await world.clock.advance(15)
    expect(await service('vm:400')).to.equal('vm:400 (n3, started)')
    const entries = (await call('GET', '/cluster/ha/status/current')) as {status: string}[]
    expect(entries.map(({status}) => status)).to.include('n9 (unable to read lrm status)')
    close()
  })
})
