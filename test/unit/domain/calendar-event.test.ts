import {expect} from 'chai'
import {parseCalendarEvent} from '../../../src/domain/calendar-event.js'

/** The event with its sets as sorted lists. */
function parsed(text: string): Record<string, number[]> | string {
  return parseCalendarEvent(text).match(
    (event) =>
      Object.fromEntries(
        Object.entries(event).map(([key, values]) => [key, [...(values as Set<number>)].sort((a, b) => a - b)]),
      ),
    (rest) => `cannot read '${rest}'`,
  )
}

describe('parseCalendarEvent', () => {
  it('reads times', () => {
    expect(parsed('21:30')).to.deep.equal({hours: [21], minutes: [30], seconds: [0]})
    expect(parsed('2,22:30')).to.deep.equal({hours: [2, 22], minutes: [30], seconds: [0]})
    expect(parsed('8..10:0/30')).to.deep.equal({hours: [8, 9, 10], minutes: [0, 30], seconds: [0]})
    expect(parsed('*/20')).to.deep.equal({minutes: [0, 20, 40], seconds: [0]})
    expect(parsed('*:*')).to.deep.equal({seconds: [0]})
    expect(parsed('1:2:3')).to.deep.equal({hours: [1], minutes: [2], seconds: [3]})
  })

  it('reads days of the week and dates', () => {
    expect(parsed('sat 03:00')).to.deep.equal({weekdays: [5], hours: [3], minutes: [0], seconds: [0]})
    expect(parsed('Mon..Wed,Sunday')).to.deep.equal({weekdays: [0, 1, 2, 6], hours: [0], minutes: [0], seconds: [0]})
    expect(parsed('sat..mon')).to.deep.include({weekdays: [0, 5, 6]})
    expect(parsed('*-*-1 4:00')).to.deep.equal({days: [1], hours: [4], minutes: [0], seconds: [0]})
    expect(parsed('2026-12-24')).to.deep.equal({
      years: [2026],
      months: [12],
      days: [24],
      hours: [0],
      minutes: [0],
      seconds: [0],
    })
    expect(parsed('mon 12-24 18')).to.deep.equal({weekdays: [0], months: [12], days: [24], minutes: [18], seconds: [0]})
  })

  it('reads words', () => {
    expect(parsed('daily')).to.deep.equal({hours: [0], minutes: [0], seconds: [0]})
    expect(parsed('hourly')).to.deep.equal({minutes: [0], seconds: [0]})
    expect(parsed('weekly')).to.deep.equal({weekdays: [0], hours: [0], minutes: [0], seconds: [0]})
    expect(parsed('quarterly')).to.deep.include({months: [1, 4, 7, 10], days: [1]})
  })

  it('says where it stopped', () => {
    expect(parsed('nonsense')).to.equal("cannot read 'nonsense'")
    expect(parsed('every tuesday')).to.equal("cannot read 'every tuesday'")
    expect(parsed('99:99')).to.equal("cannot read '99:99'")
    expect(parsed('mon 25:00')).to.equal("cannot read '25:00'")
    expect(parsed('10:00 x')).to.equal("cannot read '10:00 x'")
    expect(parsed('')).to.equal("cannot read ''")
    expect(parsed('*/0')).to.equal("cannot read '*/0'")
  })
})
