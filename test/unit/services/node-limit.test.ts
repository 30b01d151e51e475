import {expect} from 'chai'

import {NodeLimit} from '../../../src/services/node-limit.js'

describe('NodeLimit', () => {
  it('never lets more than the bound work at one node, and everybody in the end', async () => {
    const limit = new NodeLimit(2)
    const busy = {a: 0, b: 0}
    const most = {a: 0, b: 0}
    const done: string[] = []
    const work = (node: 'a' | 'b', name: string) =>
      limit.run(node, async () => {
        most[node] = Math.max(most[node], ++busy[node])
        await new Promise(setImmediate)
        busy[node]--
        done.push(name)
      })
    await Promise.all([
      ...['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => work('a', name)),
      ...['b1', 'b2', 'b3'].map((name) => work('b', name)),
    ])
    expect(most).to.deep.equal({a: 2, b: 2})
    expect(done.filter((name) => name.startsWith('a'))).to.deep.equal(['a1', 'a2', 'a3', 'a4', 'a5'])
    expect(done).to.have.length(8)
  })

  it('gives its place back when the work throws', async () => {
    const limit = new NodeLimit(1)
    const failed = await limit.run('a', () => Promise.reject(new Error('no'))).catch((error: Error) => error.message)
    expect(failed).to.equal('no')
    expect(await limit.run('a', () => Promise.resolve(7))).to.equal(7)
  })
})
