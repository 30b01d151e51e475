import {expect} from 'chai'

import {killRounds} from '../helpers/kill-rounds.js'

describe('a simulator that is killed', () => {
  it('has everything it acknowledged, and is whole', async () => {
    const {broken, writes} = await killRounds({rounds: 3, seed: 1})
    expect(broken).to.deep.equal([])
    expect(writes).to.be.above(0)
  }).timeout(60_000)
})
