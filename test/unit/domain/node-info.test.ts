import {expect} from 'chai'

import {clockOffset} from '../../../src/domain/node-info.js'

describe('the offset of a clock', () => {
  const noon = Date.parse('2026-11-21T12:00:00Z')

  it('is none when the answer lies between asking and hearing', () => {
    expect(clockOffset('2026-11-21T12:00:00Z', noon + 300, noon + 700)).to.equal(0)
    // An answer that took its time says no more than this.
    expect(clockOffset('2026-11-21T12:00:00Z', noon, noon + 1000)).to.equal(0)
  })

  it('is positive for a clock that is ahead', () => {
    expect(clockOffset('2026-11-21T12:00:10Z', noon + 400, noon + 600)).to.equal(10)
    expect(clockOffset('2026-11-21T11:59:00Z', noon + 400, noon + 600)).to.equal(-60)
  })
})
