import {expect} from 'chai'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import {loadSchema} from '../../../src/schema/schema.js'
import {FIXTURES, loadFixture} from '../../../src/simulator/fixtures/load.js'
import {die} from '../../../src/simulator/kernel/pve-error.js'
import {formatUpid, parseUpid} from '../../../src/simulator/kernel/upid.js'
import {openWorld, type World} from '../../../src/simulator/kernel/world.js'

const schema = loadSchema('8.4')

function newWorld(directory?: string): World {
  const world = openWorld(schema, {kind: 'stepped'}, directory)
  if (!world.store.resumed) loadFixture(world, 'demo', FIXTURES['demo']!)
  return world
}

const start = {node: 'pve1', type: 'qmclone', id: 100, user: 'root@pam!t1'}

describe('simulator tasks', () => {
  it('writes and reads UPIDs', () => {
    const parts = {
      node: 'pve1',
      pid: 747,
      pstart: 666_530,
      starttime: 1_795_257_822,
      type: 'qmstart',
      id: '999',
      user: 'root@pam!t1',
    }
    expect(formatUpid(parts)).to.equal('UPID:pve1:000002EB:000A2BA2:6B0175DE:qmstart:999:root@pam!t1:')
    expect(parseUpid(formatUpid(parts))).to.deep.equal(parts)
    expect(formatUpid({...parts, id: 'a b:c.iso'})).to.contain(':a%20b%3Ac.iso:')
    expect(parseUpid('UPID:nonsense')).to.equal(undefined)
  })

  it('runs nothing of the body before the UPID is returned', async () => {
    const world = newWorld()
    let ran = false
    const upid = world.tasks.start(start, () => {
      ran = true
    })
    expect(ran).to.equal(false)
    expect(parseUpid(upid)).to.include({node: 'pve1', type: 'qmclone', id: '100', user: 'root@pam!t1'})
    await world.tasks.ended(upid)
    expect(ran).to.equal(true)
    expect(world.tasks.get(upid)).to.include({status: 'OK'})
    expect(world.tasks.log(upid)).to.deep.equal(['TASK OK'])
  })

  it('gives each task an identity of its own', () => {
    const world = newWorld()
    const upids = Array.from({length: 5}, () => world.tasks.start(start, () => {}))
    expect(new Set(upids).size).to.equal(5)
  })

  it('logs over time, counts warnings, and tells the error in one line', async () => {
    const world = newWorld()
    const warned = world.tasks.start(start, async (task) => {
      task.log('one')
      await task.sleep(5)
      task.warn('careful')
    })
    const failed = world.tasks.start(start, () => die('first\nsecond'))
    await world.clock.advance(1)
    expect(world.tasks.log(warned)).to.deep.equal(['one'])
    expect(world.tasks.get(warned)).to.not.have.property('status')
    expect(world.tasks.get(failed)).to.include({status: 'first second'})
    expect(world.tasks.log(failed)).to.deep.equal(['TASK ERROR: first', 'second'])
    await world.clock.advance(5)
    expect(world.tasks.get(warned)).to.include({status: 'WARNINGS: 1'})
    expect(world.tasks.log(warned)).to.deep.equal(['one', 'WARN: careful', 'TASK WARNINGS: 1'])
    const record = world.tasks.get(warned)!
    expect(record.endtime! - record.starttime).to.be.within(5, 6)
  })

  it('interrupts a task, whose body may clean up', async () => {
    const world = newWorld()
    let cleaned = false
    const upid = world.tasks.start(start, async (task) => {
      try {
        await task.sleep(100)
      } finally {
        cleaned = true
      }
    })
    await world.clock.advance(1)
    world.tasks.stop(upid)
    await world.tasks.ended(upid)
    expect(cleaned).to.equal(true)
    expect(world.tasks.get(upid)).to.include({status: 'received interrupt'})
    expect(world.tasks.log(upid)).to.deep.equal(['TASK ERROR: received interrupt'])
    world.tasks.stop(upid)
    expect(world.tasks.get(upid)).to.include({status: 'received interrupt'})
  })

  it('leaves what a dead node was doing as it was, until it is back', async () => {
    const world = newWorld()
    const guests = world.store.of('guests')
    const upid = world.tasks.start(start, async (task) => {
      guests.update(100, {config: {...guests.get(100)!.config, lock: 'clone'}})
      task.log('half done')
      try {
        await task.sleep(100)
      } finally {
        const {lock: _, ...config} = guests.get(100)!.config
        guests.update(100, {config})
      }
    })
    await world.clock.advance(1)
    world.killNode('pve1')
    await world.clock.advance(200)
    expect(world.tasks.get(upid)).to.not.have.property('status')
    world.bootNode('pve1')
    expect(world.tasks.get(upid)).to.include({status: 'unexpected status'})
    expect(world.tasks.log(upid)).to.deep.equal(['half done'])
    expect(guests.get(100)!.config['lock']).to.equal('clone')
  })

  it('finds the tasks of a killed process stopped with an unexpected status', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'homelab-tasks-'))
    try {
      const world = newWorld(directory)
      const upid = world.tasks.start(start, async (task) => {
        task.log('working')
        await task.sleep(100)
      })
      await world.clock.advance(1)
      world.store.flush()

      const again = newWorld(directory)
      again.resume()
      expect(again.tasks.get(upid)).to.include({status: 'unexpected status'})
      expect(again.tasks.log(upid)).to.deep.equal(['working'])
      expect(parseUpid(again.tasks.start(start, () => {}))!.pid).to.be.greaterThan(parseUpid(upid)!.pid)
    } finally {
      rmSync(directory, {recursive: true, force: true})
    }
  })

  it('can be told to fail, warn or hang', async () => {
    const world = newWorld()
    const run = async (fault: ReturnType<typeof world.tasks.fault>): Promise<string> => {
      world.tasks.fault = () => fault
      const upid = world.tasks.start(start, () => {})
      await world.clock.advance(1)
      return upid
    }

    expect(world.tasks.get(await run({kind: 'fail', text: 'no space'}))).to.include({status: 'no space'})
    expect(world.tasks.get(await run({kind: 'warn', text: 'odd'}))).to.include({status: 'WARNINGS: 1'})
    const hanging = await run({kind: 'hang'})
    await world.clock.advance(10_000)
    expect(world.tasks.get(hanging)).to.not.have.property('status')
    world.tasks.stop(hanging)
    await world.tasks.ended(hanging)
    expect(world.tasks.get(hanging)).to.include({status: 'received interrupt'})
  })
})
