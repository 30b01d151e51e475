import {expect} from 'chai'
import fc from 'fast-check'

import {checkVmid, chooseVmid, DEFAULT_VMID_RANGE, parseVmidRange} from '../../../src/domain/vmid.js'

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

  it('refuses what is no VMID', () => {
    for (const bad of [99, 1_000_000_000, 100.5, Number.NaN]) {
      expect(checkVmid(bad)._unsafeUnwrapErr().kind).to.equal('usage')
    }
  })
})
