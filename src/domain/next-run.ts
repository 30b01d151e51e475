import type {CalendarEvent} from './calendar-event.js'

const DAY = 86_400
/** Leap days and impossible dates (`02-30`) are looked for no further than this. */
const HORIZON_DAYS = 366 * 9

/**
 * The first moment after `after` that a calendar event names, in epoch seconds, or undefined for one that never comes.
 * @param after epoch seconds
 * @param offset seconds local time is ahead of UTC
 */
export function nextRun(event: CalendarEvent, after: number, offset = 0): number | undefined {
  const local = Math.floor(after) + 1 + offset
  const firstDay = Math.floor(local / DAY)
  for (let day = firstDay; day < firstDay + HORIZON_DAYS; day++) {
    if (!matchesDay(event, day)) continue
    const seconds = firstTime(event, day === firstDay ? local - day * DAY : 0)
    if (seconds !== undefined) return day * DAY + seconds - offset
  }

  return undefined
}

function matchesDay({weekdays, years, months, days}: CalendarEvent, day: number): boolean {
  const date = new Date(day * DAY * 1000)
  return (
    (weekdays?.has((date.getUTCDay() + 6) % 7) ?? true) &&
    (years?.has(date.getUTCFullYear()) ?? true) &&
    (months?.has(date.getUTCMonth() + 1) ?? true) &&
    (days?.has(date.getUTCDate()) ?? true)
  )
}

/** The first second of a day, from a given one on, at which hour, minute and second match. */
function firstTime({hours, minutes, seconds}: CalendarEvent, from: number): number | undefined {
  for (let minute = Math.floor(from / 60); minute < 1440; minute++) {
    if (hours && !hours.has(Math.floor(minute / 60))) {
      // on to the next hour
      minute += 59 - (minute % 60)
      continue
    }

    if (minutes && !minutes.has(minute % 60)) continue
    for (let second = Math.max(0, from - minute * 60); second < 60; second++)
      if (seconds?.has(second) ?? true) return minute * 60 + second
  }

  return undefined
}
