import {err, ok, type Result} from 'neverthrow'
import {parseDuration} from './duration.js'
import {failure, type Failure} from './failure.js'

/** A moment as people name it: so long ago, or a date. */
export type Moment = {readonly agoMs: number} | {readonly at: Date}

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?(Z|[+-]\d{2}:\d{2})?)?$/

/**
 * Reads `2h`, `3d`, `2026-01-31`, `2026-01-31T10:00`, `2026-01-31 10:00:05Z`. A date without a zone is one of the clock of this machine, without a time its
 * midnight.
 */
export function parseMoment(text: string): Result<Moment, Failure> {
  const duration = parseDuration(text)
  if (duration.isOk()) return ok({agoMs: duration.value})
  const match = DATE.exec(text.trim().toUpperCase())
  if (match === null) return notOne(text)
  const [, year, month, day, hour = '00', minute = '00', second = '00', zone = ''] = match
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`)
  // `2026-02-31` is read as a day of March: no such date was meant.
  const shown = new Date(`${year}-${month}-${day}T00:00:00Z`)
  return Number.isNaN(at.getTime()) || Number.isNaN(shown.getTime()) || shown.getUTCDate() !== Number(day)
    ? notOne(text)
    : ok({at})
}

/** @param now ms since 1970 */
export function momentAt(moment: Moment, now: number): Date {
  return 'at' in moment ? moment.at : new Date(now - moment.agoMs)
}

function notOne(text: string): Result<never, Failure> {
  return err(
    failure('usage', `"${text}" is neither a time ago nor a date`, {
      hint: 'write it like 90s, 2h, 3d, 2026-01-31 or 2026-01-31T10:00',
    }),
  )
}
