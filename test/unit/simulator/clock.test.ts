import {expect} from 'chai'

import {Clock} from '../../../src/simulator/kernel/clock.js'

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}

describe('simulator clock', () => {
  it('fires in due order at instant speed while the displayed time is that of the wall', async () => {
    const clock = new Clock({kind: 'instant'})
    const fired: string[] = []
    clock.after(300, () => fired.push('decay'))
    clock.after(1, () => {
      fired.push('first')
      clock.after(2, () => fired.push('third'))
    })
    clock.after(2, () => fired.push('second'))
    await turns(10)
    expect(fired).to.deep.equal(['first', 'second', 'third', 'decay'])
    expect(Math.abs(clock.nowMs() - Date.now())).to.be.lessThan(1000)
    clock.stop()
  })

  it('lets patience last a moment at instant speed', async () => {
    const clock = new Clock({kind: 'instant'})
    const fired: string[] = []
    const patience = clock.sleep(1, {wait: 'patience'}).then(() => fired.push('patience'))
    await clock.sleep(1000).then(() => fired.push('work'))
    await patience
    expect(fired).to.deep.equal(['work', 'patience'])
    clock.stop()
  })

  it('moves a stepped clock by advance alone, and through what wakes up meanwhile', async () => {
    const clock = new Clock({kind: 'stepped'}, 4_000_000_000_000)
    const seen: number[] = []
    const start = clock.nowMs()
    const worker = (async () => {
      for (let step = 0; step < 3; step++) {
        await clock.sleep(10)
        seen.push((clock.nowMs() - start) / 1000)
      }
    })()
    await turns(5)
    expect(seen).to.deep.equal([])
    await clock.advance(25)
    expect(seen).to.deep.equal([10, 20])
    expect(clock.nowMs() - start).to.equal(25_000)
    await clock.advance(5)
    await worker
    expect(seen).to.deep.equal([10, 20, 30])
  })

  it('runs a scaled clock ahead of real time, never behind a given time', async () => {
    const clock = new Clock({kind: 'scaled', factor: 1000}, Date.now() + 1_000_000)
    const before = clock.nowMs()
    const real = Date.now()
    await clock.sleep(20)
    const virtual = clock.nowMs() - before
    expect(virtual).to.be.at.least(20_000)
    expect(Date.now() - real).to.be.lessThan(5000)
    expect(before).to.be.greaterThan(Date.now() + 900_000)
    clock.stop()
  })

  it('rejects a sleep whose signal aborts, with its reason', async () => {
    const clock = new Clock({kind: 'stepped'})
    const abort = new AbortController()
    const sleep = clock.sleep(10, {signal: abort.signal})
    abort.abort(new Error('stopped'))
    await sleep.then(
      () => expect.fail('the sleep went through'),
      (error: Error) => expect(error.message).to.equal('stopped'),
    )
  })

  it('cancels timers, repeats others, and keeps only lasting ones on clear', async () => {
    const clock = new Clock({kind: 'stepped'})
    const fired: string[] = []
    clock.after(1, () => fired.push('cancelled')).cancel()
    const every = clock.every(10, () => fired.push('tick'))
    await clock.advance(25)
    every.cancel()
    await clock.advance(25)
    expect(fired).to.deep.equal(['tick', 'tick'])
    clock.after(1, () => fired.push('cleared'))
    clock.after(1, () => fired.push('lasting'), {lasting: true})
    clock.clear()
    await clock.advance(2)
    expect(fired).to.deep.equal(['tick', 'tick', 'lasting'])
  })
})
