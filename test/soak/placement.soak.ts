import {expect} from 'chai'

import {tryPlans} from '../helpers/plan-trials.js'

const CLUSTERS = 2000
const first = Number(process.env['SOAK_SEED'] ?? Math.floor(Math.random() * 2 ** 30))

describe(`plans over ${CLUSTERS} random clusters (SOAK_SEED=${first})`, () => {
  it('break no rule at any step, and are complete wherever a complete one exists', () => {
    const faults: string[] = []
    for (let seed = first; seed < first + CLUSTERS && faults.length < 10; seed++) faults.push(...tryPlans(seed))
    expect(faults).to.deep.equal([])
  })
})
