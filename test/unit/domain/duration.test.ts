import {expect} from 'chai'
import fc from 'fast-check'

import {formatDuration, parseDuration} from '../../../src/domain/duration.js'

describe('duration', () => {
  const valid: [string, number][] = [
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['90', 90_000],
    ['0.5', 500],
    ['500ms', 500],
    ['1.5h', 5_400_000],
    [' 5M ', 300_000],
    ['0', 0],
  ]
  for (const [text, ms] of valid) {
    it(`reads ${JSON.stringify(text)} as ${ms} ms`, () => {
      expect(parseDuration(text)._unsafeUnwrap()).to.equal(ms)
    })
  }

  for (const text of [
    '',
    'soon',
    '5x',
    '-5s',
    '5m x',
    '5 m',
    'm5',
    '1h-30m',
    'NaN',
    'Infinity',
    '99999999999999999d',
  ]) {
    it(`refuses ${JSON.stringify(text)} and says how to write it`, () => {
      const failed = parseDuration(text)._unsafeUnwrapErr()
      expect(failed.kind).to.equal('usage')
      expect(failed.message).to.include(`"${text}"`)
      expect(failed.hint).to.include('5m')
    })
  }

  it('reads back whole seconds, minutes and hours', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(59), fc.nat(59), (h, m, s) => {
        expect(parseDuration(`${h}h${m}m${s}s`)._unsafeUnwrap()).to.equal(((h * 60 + m) * 60 + s) * 1000)
      }),
    )
  })

  const printed: [number, string][] = [
    [0, '0s'],
    [8, '8s'],
    [60, '1m'],
    [312, '5m 12s'],
    [273_600, '3d 4h'],
    [259_200, '3d'],
    [3601, '1h'],
  ]
  for (const [seconds, text] of printed) {
    it(`prints ${seconds} s as ${text}`, () => {
      expect(formatDuration(seconds)).to.equal(text)
    })
  }
})
