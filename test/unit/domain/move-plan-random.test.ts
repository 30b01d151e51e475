import {expect} from 'chai'

import {tryPlans} from '../../helpers/plan-trials.js'

const PORTION = 40

describe('plans over random clusters', () => {
  // The long run is in test/soak.
  for (const first of [1, 41, 81, 121, 161]) {
    it(`break no rule at any step, and are complete wherever a complete one exists (from ${first})`, () => {
      const faults = Array.from({length: PORTION}, (_, index) => tryPlans(first + index)).flat()
      expect(faults).to.deep.equal([])
    })
  }
})
