import {expect} from 'chai'
import {parseCalendarEvent} from '../../../src/domain/calendar-event.js'
import {zonedNextRuns, zonedText} from '../../../src/domain/zoned-run.js'

const BERLIN = 'Europe/Berlin'

function runs(schedule: string, after: string, count = 3, zone = BERLIN): string[] {
  const event = parseCalendarEvent(schedule)._unsafeUnwrap()
  return zonedNextRuns(event, Date.parse(after) / 1000, zone, count).map((at) => zonedText(at, zone))
}

describe('runs by the clock of a time zone', () => {
  it('keeps the time of the clock across a change of the clocks', () => {
    expect(runs('04:00', '2026-03-27T12:00:00Z')).to.deep.equal([
      '2026-03-28T04:00:00+01:00',
      '2026-03-29T04:00:00+02:00',
      '2026-03-30T04:00:00+02:00',
    ])
    expect(runs('sat 22:00', '2026-10-20T12:00:00Z', 2)).to.deep.equal([
      '2026-10-24T22:00:00+02:00',
      '2026-10-31T22:00:00+01:00',
    ])
  })

  it('runs later what falls into the hour that is left out', () => {
    expect(runs('02:30', '2026-03-28T12:00:00Z', 2)).to.deep.equal([
      '2026-03-29T03:30:00+02:00',
      '2026-03-30T02:30:00+02:00',
    ])
  })

  it('runs once in the hour that comes twice', () => {
    expect(runs('02:30', '2026-10-24T12:00:00Z', 2)).to.deep.equal([
      '2026-10-25T02:30:00+02:00',
      '2026-10-26T02:30:00+01:00',
    ])
    expect(runs('*/30', '2026-10-25T00:00:00Z', 3)).to.deep.equal([
      '2026-10-25T02:30:00+02:00',
      '2026-10-25T03:00:00+01:00',
      '2026-10-25T03:30:00+01:00',
    ])
    // Asked in the second of the two hours.
    expect(runs('*:15', '2026-10-25T01:05:00Z', 2)).to.deep.equal([
      '2026-10-25T02:15:00+01:00',
      '2026-10-25T03:15:00+01:00',
    ])
  })

  it('knows zones without such changes, and on the other side of the world', () => {
    expect(runs('daily', '2026-03-28T12:00:00Z', 2, 'UTC')).to.deep.equal([
      '2026-03-29T00:00:00+00:00',
      '2026-03-30T00:00:00+00:00',
    ])
    expect(runs('02:30', '2026-10-03T00:00:00Z', 2, 'Australia/Sydney')).to.deep.equal([
      '2026-10-04T03:30:00+11:00',
      '2026-10-05T02:30:00+11:00',
    ])
    expect(runs('06:00', '2026-03-28T12:00:00Z', 1, 'Asia/Kolkata')).to.deep.equal(['2026-03-29T06:00:00+05:30'])
    expect(runs('06:00', '2026-01-28T12:00:00Z', 1, 'America/New_York')).to.deep.equal(['2026-01-29T06:00:00-05:00'])
  })

  it('always goes forward, to an hour that is meant', () => {
    const schedules = ['02:30', '*/15', 'sun 01..03:10', '*:00', '*-*-1 02:00', 'mon..fri 03:05']
    for (const start of ['2026-03-28T20:00:00Z', '2026-10-24T20:00:00Z']) {
      for (const schedule of schedules) {
        const event = parseCalendarEvent(schedule)._unsafeUnwrap()
        const found = zonedNextRuns(event, Date.parse(start) / 1000, BERLIN, 40)
        for (const [index, at] of found.entries()) {
          expect(at, `${schedule} ${index}`).to.be.greaterThan(found[index - 1] ?? Date.parse(start) / 1000)
          const hour = Number(zonedText(at, BERLIN).slice(11, 13))
          const inTheGap = start.startsWith('2026-03') && zonedText(at, BERLIN).startsWith('2026-03-29T03')
          if (!inTheGap) expect(event.hours?.has(hour) ?? true, `${schedule} ${zonedText(at, BERLIN)}`).to.equal(true)
        }
      }
    }
  })

  it('ends for a date that never comes', () => {
    expect(runs('02-30 01:00', '2026-01-01T00:00:00Z')).to.deep.equal([])
  })
})
