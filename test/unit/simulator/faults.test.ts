import {expect} from 'chai'
import sinon from 'sinon'

import {loadSchema} from '../../../src/schema/schema.js'
import {faultSpec} from '../../../src/simulator/faults/fault-options.js'
import {FaultError, type FaultSpec} from '../../../src/simulator/faults/fault.js'
import {Faults} from '../../../src/simulator/faults/faults.js'
import {pathPattern} from '../../../src/simulator/faults/path-pattern.js'
import {FIXTURES, loadFixture} from '../../../src/simulator/fixtures/load.js'
import {openWorld} from '../../../src/simulator/kernel/world.js'
import {usage} from '../../../src/simulator/storage/volumes.js'

function start() {
  const world = openWorld(loadSchema('8.4'), {kind: 'stepped'})
  loadFixture(world, 'demo', FIXTURES['demo']!)
  const ground = {
    world,
    powerOff: sinon.fake(async (node: string) => world.killNode(node)),
    powerOn: sinon.fake(async (node: string) => world.bootNode(node)),
    stopApi: sinon.fake.resolves(undefined),
    startApi: sinon.fake.resolves(undefined),
    changeCertificate: sinon.fake.resolves(undefined),
    restoreCertificate: sinon.fake(),
  }
  return {world, ground, faults: new Faults(ground)}
}

const get = (path: string, via = 'pve1') => ({method: 'GET', path: `/api2/json${path}`, via})

async function refusal(adding: Promise<unknown>): Promise<FaultError['kind'] | undefined> {
  return adding.then(
    () => undefined,
    (error: unknown) => {
      expect(error).to.be.instanceOf(FaultError)
      return (error as FaultError).kind
    },
  )
}

describe('simulator faults', () => {
  it('matches paths by segment', () => {
    const cases: [pattern: string, path: string, expected: boolean][] = [
      ['/version', '/api2/json/version', true],
      ['/version', '/api2/extjs/version', true],
      ['/api2/json/version', '/api2/json/version', true],
      ['/nodes/*/qemu', '/api2/json/nodes/pve1/qemu', true],
      ['/nodes/*/qemu', '/api2/json/nodes/pve1/qemu/100', false],
      ['/nodes/{node}/qemu/{vmid}/clone', '/api2/json/nodes/pve1/qemu/100/clone', true],
      ['/nodes/**', '/api2/json/nodes', true],
      ['/**/config', '/api2/json/nodes/pve1/qemu/100/config', true],
      ['/**/config', '/api2/json/nodes/pve1/qemu/100', false],
      ['/nodes/pve*/lxc', '/api2/json/nodes/pve7/lxc', true],
      ['/nodes/pve.*/lxc', '/api2/json/nodes/pve7/lxc', false],
      ['/storage/a b', '/api2/json/storage/a%20b', true],
      ['/storage/*', '/api2/json/storage/%zz', true],
    ]
    for (const [pattern, path, expected] of cases)
      expect(pathPattern(pattern)(path), `${pattern} ${path}`).to.equal(expected)
  })

  it('hits the nth requests that match, so many times', async () => {
    const {faults} = start()
    await faults.add({kind: 'drop', path: '/nodes/*/status', node: 'pve1', method: 'get', nth: 2, times: 2})
    const hits = ['/version', '/nodes/a/status', '/nodes/b/status', '/nodes/c/status', '/nodes/d/status'].map(
      (path) => faults.interrupt(get(path)) !== undefined,
    )
    expect(hits).to.deep.equal([false, false, true, true, false])
    expect(faults.interrupt({...get('/nodes/a/status'), method: 'POST'})).to.equal(undefined)
    expect(faults.interrupt(get('/nodes/a/status', 'pve2'))).to.equal(undefined)
    expect(faults.list()).to.have.length(1)
    expect(faults.list()[0]).to.include({id: 'f1', state: 'spent', matched: 3, hits: 2})
  })

  it('goes on hitting until it is cleared when that is asked for', async () => {
    const {faults} = start()
    await faults.add({kind: 'fail', times: 'always'})
    for (let i = 0; i < 5; i++) expect(faults.interrupt(get('/version'))?.answer?.status).to.equal(500)
    expect((await faults.clear('f1')).map(({id}) => id)).to.deep.equal(['f1'])
    expect(faults.interrupt(get('/version'))).to.equal(undefined)
    expect(await refusal(faults.clear('f1'))).to.equal('not-found')
  })

  it('answers failures as Proxmox VE does', async () => {
    const {faults} = start()
    const answerOf = async (spec: FaultSpec) => {
      await faults.add(spec)
      return faults.interrupt(get('/version'))
    }

    expect(await answerOf({kind: 'fail', status: 500, text: 'VM is locked (backup)'})).to.deep.equal({
      answer: {
        status: 500,
        reason: 'VM is locked (backup)',
        contentType: 'application/json;charset=UTF-8',
        body: '{"data":null,"message":"VM is locked (backup)\\n"}',
      },
    })
    expect(await answerOf({kind: 'fail', status: 595})).to.deep.equal({
      answer: {status: 595, reason: 'Connection refused', body: ''},
    })
    expect(await answerOf({kind: 'fail', status: 596, when: 'after'})).to.deep.equal({
      replace: {status: 596, reason: 'Connection timed out', body: ''},
    })
    expect(await answerOf({kind: 'truncate'})).to.deep.equal({truncate: true})
  })

  it('delays on the clock of a test', async () => {
    const {faults, world} = start()
    await faults.add({kind: 'delay', seconds: 40})
    let over = false
    const held = faults.interrupt(get('/version'))!.holdRequest!().then(() => {
      over = true
    })
    await world.clock.advance(39)
    expect(over).to.equal(false)
    await world.clock.advance(1)
    await held
  })

  it('lets tasks fail, hang and warn', async () => {
    const {faults, world} = start()
    const run = (type: string, id: number | string) => {
      const cleaned: string[] = []
      const upid = world.tasks.start({node: 'pve1', type, id, user: 'root@pam'}, async (task) => {
        task.log('begun')
        try {
          await task.sleep(5)
        } finally {
          cleaned.push('cleaned')
        }
      })
      return {upid, cleaned}
    }

    await faults.add({kind: 'task-fail', type: 'qmclone', vmid: 100, text: 'no space left'})
    await faults.add({kind: 'task-hang', type: 'vzdump'})
    await faults.add({kind: 'task-warn', type: 'qmstart', text: 'odd'})
    const failed = run('qmclone', 100)
    const [other, hanging, warned] = [run('qmclone', 101), run('vzdump', ''), run('qmstart', 100)]
    await world.clock.advance(10)
    expect(world.tasks.get(failed.upid)?.status).to.equal('no space left')
    expect(world.tasks.log(failed.upid)).to.deep.equal(['begun', 'TASK ERROR: no space left'])
    expect(failed.cleaned).to.have.length(1)
    expect(world.tasks.get(other.upid)?.status).to.equal('OK')
    expect(world.tasks.get(warned.upid)?.status).to.equal('WARNINGS: 1')
    await world.clock.advance(100_000)
    expect(world.tasks.get(hanging.upid)?.status).to.equal(undefined)
    world.tasks.stop(hanging.upid)
    await world.tasks.ended(hanging.upid)
    expect(world.tasks.get(hanging.upid)?.status).to.equal('received interrupt')
    expect(faults.list().map(({state}) => state)).to.deep.equal(['spent', 'spent', 'spent'])
  })

  it('lets a task fail that takes no time', async () => {
    const {faults, world} = start()
    await faults.add({kind: 'task-fail'})
    const upid = world.tasks.start({node: 'pve1', type: 'qmreset', id: 100, user: 'root@pam'}, () => {})
    await world.tasks.ended(upid)
    expect(world.tasks.get(upid)?.status).to.equal('got timeout')
  })

  it('locks a guest until it is cleared', async () => {
    const {faults, world} = start()
    const [vmid] = [...world.store.of('guests').keys()]
    const lock = () => world.store.of('guests').get(vmid!)?.config['lock']
    await faults.add({kind: 'lock', vmid: Number(vmid), lock: 'snapshot'})
    expect(lock()).to.equal('snapshot')
    expect(await refusal(faults.add({kind: 'lock', vmid: Number(vmid)}))).to.equal('refused')
    expect(await refusal(faults.add({kind: 'lock', vmid: 999_999}))).to.equal('not-found')
    await faults.clear()
    expect(lock()).to.equal(undefined)
    expect(faults.list()).to.deep.equal([])
  })

  it('fills a storage, on one node or on all, and empties it', async () => {
    const {faults, world} = start()
    const avail = (node: string) => usage(world, 'local', node).avail
    const before = avail('pve1')
    await faults.add({kind: 'storage-full', storage: 'local', node: 'pve1', freeBytes: 1024})
    expect(avail('pve1')).to.equal(1024)
    expect(avail('pve2')).to.be.above(1024)
    await faults.add({kind: 'storage-full', storage: 'local'})
    expect(avail('pve1')).to.equal(0)
    expect(avail('pve2')).to.equal(0)
    await faults.clear()
    expect(avail('pve1')).to.equal(before)
    expect(await refusal(faults.add({kind: 'storage-full', storage: 'nope'}))).to.equal('not-found')
  })

  it('takes nodes away and gives them back', async () => {
    const {faults, world} = start()
    await faults.add({kind: 'node-offline', node: 'pve2'})
    expect(world.node('pve2').power).to.equal('off')
    expect(await refusal(faults.add({kind: 'api-down', node: 'pve2'}))).to.equal('refused')
    await faults.add({kind: 'api-down', node: 'pve3'})
    expect(world.unreachable('pve1', world.node('pve3'))?.reason).to.equal('Connection refused')
    expect(await refusal(faults.add({kind: 'node-offline', node: 'pve1'}))).to.equal('refused')
    await faults.add({kind: 'node-online', node: 'pve2'})
    expect(world.node('pve2').power).to.equal('on')
    expect(faults.list().map(({spec}) => spec.kind)).to.deep.equal(['api-down'])
    await faults.clear()
    expect(world.node('pve3').power).to.equal('on')
  })

  it('takes the quorum away from one node or from all', async () => {
    const {faults, world} = start()
    const quorate = () => ['pve1', 'pve2', 'pve3'].map((node) => world.isQuorate(node))
    await faults.add({kind: 'no-quorum', node: 'pve1'})
    // nobody notices before the ring of nodes is formed anew
    expect(quorate()).to.deep.equal([true, true, true])
    await world.clock.advance(8)
    expect(quorate()).to.deep.equal([false, true, true])
    await faults.add({kind: 'no-quorum'})
    await world.clock.advance(8)
    expect(quorate()).to.deep.equal([false, false, false])
    await faults.clear()
    await world.clock.advance(4)
    expect(quorate()).to.deep.equal([true, true, true])
  })

  it('takes at a command line what a kind of fault needs, and nothing else', () => {
    const said = faultSpec('delay', {seconds: 2, path: '/version', times: 'always', text: undefined})
    expect(said._unsafeUnwrap()).to.deep.equal({kind: 'delay', seconds: 2, path: '/version', times: 'always'})
    expect(faultSpec('delay', {})._unsafeUnwrapErr()).to.include({kind: 'usage', message: 'delay needs --seconds'})
    expect(faultSpec('lock', {vmid: 100, freeBytes: 1})._unsafeUnwrapErr()).to.deep.include({
      message: 'lock takes no --free',
      hint: 'it takes --vmid, --lock',
    })
  })
})
