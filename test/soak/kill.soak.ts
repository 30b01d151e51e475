import {expect} from 'chai'

import {killRounds} from '../helpers/kill-rounds.js'

const ROUNDS = 200
const seed = Number(process.env['SOAK_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

describe(`a simulator that is killed ${ROUNDS} times (SOAK_SEED=${seed})`, () => {
  it('has everything it acknowledged, and is whole', async () => {
    const {broken, writes} = await killRounds({rounds: ROUNDS, seed})
    expect(broken).to.deep.equal([])
    expect(writes).to.be.above(ROUNDS)
  })
})
