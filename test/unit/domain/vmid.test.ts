import {expect} from 'chai'
import fc from 'fast-check'

import {
  checkVmid,
  chooseVmid,
  DEFAULT_VMID_RANGE,
  freeVmid,
  parseVmidRange,
  parseVmidSpan,
} from '../../../src/domain/vmid.js'

describe('VMIDs', () => {
  it('reads the range of the datacenter options', () => {
    expect(parseVmidRange('lower=200,upper=300')).to.deep.equal({lower: 200, upper: 300})
    expect(parseVmidRange('upper=300')).to.deep.equal({lower: 100, upper: 300})
    expect(parseVmidRange(undefined)).to.deep.equal(DEFAULT_VMID_RANGE)
  })

  it('takes the suggestion as long as there was no collision', () => {
    expect(chooseVmid(104, 0, new Set([100]), DEFAULT_VMID_RANGE, () => 0.99)).to.equal(104)
  })

  it('after a collision picks a free one of the range, whatever the odds', () => {
    fc.assert(
      fc.property(
        fc.integer({min: 100, max: 130}),
        fc.integer({min: 1, max: 40}),
        fc.uniqueArray(fc.integer({min: 100, max: 160})),
        fc.double({min: 0, max: 0.999_999, noNaN: true}),
        (suggested, collisions, taken, chance) => {
          const range = {lower: 100, upper: 150}
          const vmid = chooseVmid(suggested, collisions, new Set(taken), range, () => chance)
          expect(vmid).to.be.within(suggested, 149)
          if (vmid !== suggested) expect(taken).not.to.include(vmid)
        },
      ),
    )
  })

  it('spreads rivals: twenty-five of them choose many different ones', () => {
    let seed = 1
    const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
    const picks = new Set(
      Array.from({length: 25}, () => chooseVmid(101, 5, new Set([100]), DEFAULT_VMID_RANGE, random)),
    )
    expect(picks.size).to.be.greaterThan(15)
  })

  it('reads a range that somebody sets, and finds what is free in it', () => {
    expect(parseVmidSpan(' 8000-8099 ')._unsafeUnwrap()).to.deep.equal({first: 8000, last: 8099})
    expect(parseVmidSpan('8000-8000')._unsafeUnwrap()).to.deep.equal({first: 8000, last: 8000})
    for (const bad of ['8000', '8099-8000', '99-200', '8000-', '1000-9999999999', 'a-b', '']) {
      expect(parseVmidSpan(bad)._unsafeUnwrapErr().details, bad).to.deep.equal({field: 'vmids', value: bad})
    }

    expect(freeVmid({first: 200, last: 202}, new Set([200, 202]))).to.equal(201)
    expect(freeVmid({first: 200, last: 200}, new Set([200]))).to.equal(undefined)
  })

  it('refuses what is no VMID', () => {
    for (const bad of [99, 1_000_000_000, 100.5, Number.NaN]) {
      expect(checkVmid(bad)._unsafeUnwrapErr().kind).to.equal('usage')
    }
  })
})
