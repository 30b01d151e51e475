import {expect} from 'chai'

import {tryPlans} from '../../helpers/plan-trials.js'

describe('plans over random clusters', () => {
  // The long run is in test/soak.
  it('break no rule at any step, and are complete wherever a complete one exists', () => {
    const faults = Array.from({length: 200}, (_, index) => tryPlans(index + 1)).flat()
    expect(faults).to.deep.equal([])
  })
})
