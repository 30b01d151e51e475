import {expect} from 'chai'

import {isAsciiOnly, resample, sparkline} from '../../../src/cli/output/sparkline.js'

const GAP = undefined

describe('sparkline', () => {
  it('shows the greatest as a full bar and zero as the lowest', () => {
    expect(sparkline([0, 1, 2, 4, 8], {width: 10, ascii: false})).to.equal('▁▁▂▄█')
    expect(sparkline([0, 1, 2, 4, 8], {width: 10, ascii: true})).to.equal('__.-#')
    expect(sparkline([0, 0], {width: 10, ascii: false})).to.equal('▁▁')
  })

  it('measures against a limit where there is one', () => {
    expect(sparkline([25, 50, 100, 120], {width: 10, ascii: false, max: 100})).to.equal('▂▄██')
  })

  it('has a gap where nothing was measured, which is no zero', () => {
    expect(sparkline([GAP, 0, GAP, 4], {width: 10, ascii: false})).to.equal(' ▁ █')
    expect(sparkline([GAP, GAP], {width: 10, ascii: true})).to.equal('  ')
    expect(sparkline([], {width: 10, ascii: true})).to.equal('')
  })

  it('fits any number of values into the width, and none gets lost', () => {
    for (const count of [70, 336, 1440]) {
      for (const width of [8, 33, 60]) {
        const values = Array.from({length: count}, () => 1)
        expect(resample(values, width)).to.deep.equal(Array.from({length: width}, () => 1))
      }
    }

    const one = Array.from({length: 1440}, (_, index) => (index === 1000 ? 60 : 0))
    expect(resample(one, 60).filter((value) => value !== 0)).to.have.length(1)
    expect(resample([1, 2, 3], 60)).to.deep.equal([1, 2, 3])
  })

  it('takes the mean of what was measured, and a gap only where nothing was', () => {
    expect(resample([1, 3, GAP, 5, GAP, GAP], 3)).to.deep.equal([2, 5, GAP])
  })

  it('keeps to ASCII on dumb terminals and where the locale is not UTF-8', () => {
    expect(isAsciiOnly({LANG: 'de_DE.UTF-8'})).to.equal(false)
    expect(isAsciiOnly({LANG: 'C.utf8', TERM: 'xterm'})).to.equal(false)
    expect(isAsciiOnly({LANG: 'C.UTF-8', TERM: 'dumb'})).to.equal(true)
    expect(isAsciiOnly({LANG: 'de_DE.ISO-8859-1'})).to.equal(true)
    expect(isAsciiOnly({LANG: 'de_DE.UTF-8', LC_ALL: 'C'})).to.equal(true)
    expect(isAsciiOnly({LANG: 'C', LC_ALL: '', LC_CTYPE: 'en_US.UTF-8'})).to.equal(false)
    expect(isAsciiOnly({})).to.equal(true)
  })
})
