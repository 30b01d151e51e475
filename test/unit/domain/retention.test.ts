import {expect} from 'chai'
import fc from 'fast-check'

import {
  decideRetention,
  formatRetention,
  keepsAll,
  parseRetention,
  type Retained,
  type Retention,
} from '../../../src/domain/retention.js'
import {marksByDefinition, prunings} from '../../helpers/retention-rules.js'

const at = (text: string): Retained => ({time: Date.parse(text) / 1000, group: 'qemu/100'})
const marks = (items: readonly Retained[], rules: string, timeZone = 'UTC'): string =>
  decideRetention(items, parseRetention(rules)._unsafeUnwrap(), timeZone)
    .map(({mark}) => (mark === 'keep' ? 'k' : mark === 'remove' ? '.' : mark[0]))
    .join('')

describe('retention', () => {
  const week = [
    '2026-11-16T02:00Z',
    '2026-11-17T02:00Z',
    '2026-11-18T02:00Z',
    '2026-11-18T14:00Z',
    '2026-11-19T02:00Z',
  ].map(at)

  it('keeps the newest, and of each period the newest', () => {
    expect(marks(week, 'keep-last=2')).to.equal('...kk')
    expect(marks(week, 'keep-daily=2')).to.equal('...kk')
    expect(marks(week, 'keep-weekly=5')).to.equal('....k')
    expect(marks(week, 'keep-hourly=3')).to.equal('..kkk')
  })

  it('does not count a period that an earlier rule has covered', () => {
    expect(marks(week, 'keep-last=1,keep-daily=2')).to.equal('.k.kk')
    expect(marks(week, 'keep-last=2,keep-daily=1')).to.equal('.k.kk')
  })

  it('does not let a later rule choose what an earlier one has given up', () => {
    // One week, two months: the older is the second of its week, so that it is not the newest of November any more.
    const items = ['2026-11-29T02:00Z', '2026-11-30T02:00Z', '2026-12-01T02:00Z'].map(at)
    expect(marks(items, 'keep-weekly=1,keep-monthly=2')).to.equal('k.k')
    expect(marks(items, 'keep-monthly=2')).to.equal('.kk')
  })

  it('says which rule keeps one', () => {
    const decisions = decideRetention(week, {last: 1, daily: 1, weekly: 4}, 'UTC')
    expect(decisions.map(({rule}) => rule)).to.deep.equal([undefined, undefined, undefined, 'daily', 'last'])
  })

  it('counts two of the same second as one', () => {
    const items = [at('2026-11-16T02:00Z'), at('2026-11-17T02:00Z'), at('2026-11-17T02:00Z')]
    expect(marks(items, 'keep-last=2')).to.equal('kk.')
  })

  it('keeps everything without a rule above 0, and when told to', () => {
    for (const rules of ['', 'keep-last=0', 'keep-all=1', 'keep-all=yes,keep-last=0'])
      expect(marks(week, rules), rules).to.equal('kkkkk')
    expect(keepsAll({last: 0})).to.equal(true)
    expect(keepsAll({yearly: 1})).to.equal(false)
  })

  it('neither removes nor counts what is protected or renamed, and counts each group for itself', () => {
    const items: Retained[] = [
      {time: 40, group: 'qemu/100', protected: true},
      {time: 50},
      {time: 60, protected: true},
      {time: 20, group: 'qemu/100'},
      {time: 10, group: 'qemu/100'},
      {time: 1, group: 'lxc/200'},
    ]
    expect(marks(items, 'keep-last=1')).to.equal('prpk.k')
    expect(marks(items, 'keep-all=1')).to.equal('prpkkk')
  })

  it('goes by the clocks of the zone, those that are set back too', () => {
    const night = ['2026-11-18T22:30Z', '2026-11-18T23:30Z'].map(at)
    expect(marks(night, 'keep-daily=2')).to.equal('.k')
    expect(marks(night, 'keep-daily=2', 'Europe/Berlin')).to.equal('kk')
    // On 2026-10-25 the hour from two to three comes twice in Berlin.
    const twice = ['2026-10-24T23:30Z', '2026-10-25T00:30Z', '2026-10-25T01:30Z', '2026-10-25T02:30Z'].map(at)
    expect(marks(twice, 'keep-hourly=9', 'Europe/Berlin')).to.equal('k.kk')
    expect(marks(twice, 'keep-hourly=9')).to.equal('kkkk')
  })

  it('knows ISO weeks at the turn of the year', () => {
    const turn = ['2024-12-29T12:00Z', '2024-12-30T12:00Z', '2025-01-05T12:00Z', '2025-01-06T12:00Z'].map(at)
    expect(marks(turn, 'keep-weekly=9')).to.equal('k.kk')
  })

  it('decides as the definition of the rules says, on 5000 random inventories', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(prunings, ({items, keep, zone}) => {
        const decided = decideRetention(items, keep, zone.name).map(({mark}) => mark)
        for (const mark of decided) seen.add(mark)
        expect(decided).to.deep.equal(marksByDefinition(items, keep, zone))
      }),
      {numRuns: 5000, seed: 20_261_121},
    )
    expect([...seen].sort()).to.deep.equal(['keep', 'protected', 'remove', 'renamed'])
  }).timeout(60_000)

  it('reads and writes rules as storages and jobs have them', () => {
    const rules = parseRetention('keep-daily=7, keep-last=3')._unsafeUnwrap()
    expect(rules).to.deep.equal({last: 3, daily: 7} satisfies Retention)
    expect(formatRetention(rules)).to.equal('keep-last=3,keep-daily=7')
    expect(formatRetention({all: true})).to.equal('keep-all=1')
  })

  it('refuses what is no rule, and to keep all and not all', () => {
    for (const text of ['keep-last=-1', 'keep-last=x', 'keep-secondly=3', 'last=3', '3', 'keep-last'])
      expect(parseRetention(text)._unsafeUnwrapErr().kind, text).to.equal('usage')
    expect(parseRetention('keep-all=1,keep-last=3')._unsafeUnwrapErr().hint).to.contain('keep-all')
    expect(parseRetention('keep-all=0,keep-last=3').isOk()).to.equal(true)
  })
})
