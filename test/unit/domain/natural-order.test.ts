import {expect} from 'chai'
import fc from 'fast-check'

import {naturalOrder} from '../../../src/domain/natural-order.js'

describe('natural order', () => {
  it('sorts numbers within text by size', () => {
    expect(['web10', 'web2', 'db', 'web'].sort(naturalOrder)).to.deep.equal(['db', 'web', 'web2', 'web10'])
  })

  it('sorts numbers by size and missing values last', () => {
    expect(
      [10, undefined, 9, null, 100]
        .map((value) => ({value}))
        .sort((a, b) => naturalOrder(a.value, b.value))
        .map(({value}) => value),
    ).to.deep.equal([9, 10, 100, undefined, null])
  })

  it('is an order: antisymmetric and transitive', () => {
    const value = fc.oneof(fc.string(), fc.nat(), fc.constant(undefined))
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        expect(Math.sign(naturalOrder(a, b)) + Math.sign(naturalOrder(b, a))).to.equal(0)
        if (naturalOrder(a, b) <= 0 && naturalOrder(b, c) <= 0) expect(naturalOrder(a, c)).to.be.at.most(0)
      }),
      {numRuns: 2000},
    )
  })
})
