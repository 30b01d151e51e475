import {expect} from 'chai'

import {drainTrials} from '../helpers/drain-trials.js'

const ROUNDS = 100
const seed = Number(process.env['SOAK_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

describe(`${ROUNDS} drains that are killed at random points (SOAK_SEED=${seed})`, () => {
  it('end where undisturbed ones do, and home after a return; nobody is started twice or lost', async () => {
    const {kills, wrongs} = await drainTrials(ROUNDS, seed)
    expect(wrongs).to.deep.equal([])
    expect(kills).to.be.above(ROUNDS)
  })
})
