import {expect} from 'chai'

import {drainTrial, explainTrial} from '../helpers/cluster-trials.js'

const ROUNDS = 200
const seed = Number(process.env['SOAK_SEED'] ?? Math.floor(Math.random() * 2 ** 30))

describe(`${ROUNDS} random clusters over the real commands (SOAK_SEED=${seed})`, () => {
  it('explain where guests may be, as a judge of its own sees it', async () => {
    for (let round = 0; round < ROUNDS; round++) expect(await explainTrial(seed + round)).to.deep.equal([])
  })

  it('empty a node and bring its guests home, within every limit', async () => {
    for (let round = 0; round < ROUNDS; round++)
      expect(await drainTrial(seed + round, round % 3 !== 0)).to.deep.equal([])
  })
})
