import {expect} from 'chai'
import {momentAt, parseMoment} from '../../../src/domain/moment.js'

const NOW = Date.parse('2026-11-21T12:00:00Z')

describe('moments', () => {
  for (const [text, iso] of [
    ['90s', '2026-11-21T11:58:30.000Z'],
    ['2d', '2026-11-19T12:00:00.000Z'],
    ['1h30m', '2026-11-21T10:30:00.000Z'],
    ['2026-01-31T10:00Z', '2026-01-31T10:00:00.000Z'],
    ['2026-01-31 10:00:05Z', '2026-01-31T10:00:05.000Z'],
    ['2026-01-31t10:00+02:00', '2026-01-31T08:00:00.000Z'],
  ] as const) {
    it(`reads ${text}`, () => {
      expect(momentAt(parseMoment(text)._unsafeUnwrap(), NOW).toISOString()).to.equal(iso)
    })
  }

  it('takes a date without a zone for one of the own clock', () => {
    expect(momentAt(parseMoment('2026-01-31')._unsafeUnwrap(), NOW)).to.deep.equal(new Date(2026, 0, 31))
    expect(momentAt(parseMoment('2026-01-31T23:59')._unsafeUnwrap(), NOW)).to.deep.equal(new Date(2026, 0, 31, 23, 59))
  })

  for (const text of [
    '',
    'yesterday',
    '2026-13-01',
    '2026-02-31',
    '2026-02-29',
    '2026-01-31T25:00',
    '31.1.2026',
    '2026-1-1',
    '-1h',
  ]) {
    it(`refuses "${text}"`, () => {
      expect(parseMoment(text)._unsafeUnwrapErr()).to.include({kind: 'usage'})
    })
  }
})
