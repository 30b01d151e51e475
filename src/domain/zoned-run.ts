import type {CalendarEvent} from './calendar-event.js'
import {nextRun} from './next-run.js'
import {clockOf, type ZonedTime} from './zoned-time.js'

const DAY = 86_400

/**
 * The first moment after `after` at which the clocks of a time zone show a time that a calendar event names. Clocks count forwards only: where they are set back,
 * the hour that comes twice counts once; where they are set forward, what falls into the hour that is left out happens as much later.
 * @param after epoch seconds
 * @param timeZone an IANA name
 * @returns epoch seconds; undefined for an event that never comes
 */
export function zonedNextRun(event: CalendarEvent, after: number, timeZone: string): number | undefined {
  const clock = clockOf(timeZone)
  const offset = offsetAt(after, clock)
  const next = nextRun(event, after, offset)
  if (next === undefined) return undefined
  // What the clocks then show; which moment that is depends on how far they are ahead then.
  const shown = next + offset
  const offsets = [offset, offsetAt(next - DAY, clock), offsetAt(next + DAY, clock)]
  const moments = [...new Set(offsets)].map((ahead) => shown - ahead)
  const [real] = moments
    .filter((moment) => moment > after && moment + offsetAt(moment, clock) === shown)
    .sort((a, b) => a - b)
  return real ?? shown - offsetAt(next - DAY, clock)
}

/** The next runs, as many as there are up to a number. */
export function zonedNextRuns(event: CalendarEvent, after: number, timeZone: string, count: number): number[] {
  const runs: number[] = []
  for (let at = zonedNextRun(event, after, timeZone); at !== undefined && runs.length < count;) {
    runs.push(at)
    at = zonedNextRun(event, at, timeZone)
  }

  return runs
}

/** `2026-11-22T02:00:00+01:00`: what the clocks of a time zone show, and how far they are ahead. */
export function zonedText(epochSeconds: number, timeZone: string): string {
  const offset = offsetAt(epochSeconds, clockOf(timeZone))
  const local = new Date((epochSeconds + offset) * 1000).toISOString().slice(0, 19)
  const minutes = Math.abs(offset) / 60
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
  return `${local}${zone}`
}

function offsetAt(epochSeconds: number, clock: (epochSeconds: number) => ZonedTime): number {
  const {year, month, day, hour, minute, second} = clock(epochSeconds)
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - Math.floor(epochSeconds)
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
