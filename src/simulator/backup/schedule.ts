import {zonedNextRun} from '../../domain/zoned-run.js'

import type {CalendarEvent} from '../../domain/calendar-event.js'

/**
 * The first moment after another at which an event happens on the clocks of a time zone, also across a change to or from summer time.
 * @param after epoch seconds
 * @returns epoch seconds; undefined for a date that never comes
 */
export function nextEvent(event: CalendarEvent, after: number, timezone: string): number | undefined {
  return zonedNextRun(event, after, timezone)
}
