import {expect} from 'chai'

import {drainTrials} from '../../helpers/drain-trials.js'

describe('drains that are killed at random points', () => {
  it('end where undisturbed ones do, and home after a return; nobody is started twice or lost', async () => {
    const {kills, wrongs} = await drainTrials(20, 4000)
    expect(wrongs).to.deep.equal([])
    expect(kills).to.be.above(20)
  })
})
