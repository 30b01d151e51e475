/** What the clocks of a time zone show at a moment. */
export interface ZonedTime {
  readonly year: number
  /** 1 is January. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

/** Whether this is the name of a time zone that we know: `Europe/Berlin`, `UTC`. */
export function isTimeZone(name: string): boolean {
  try {
    return name !== '' && new Intl.DateTimeFormat('en-US', {timeZone: name}) !== undefined
  } catch {
    return false
  }
}

/**
 * Reads the clocks of a time zone, daylight saving included: an hour that comes twice a year shows the same numbers twice.
 * @param timeZone an IANA name; throws RangeError for one that `isTimeZone` does not know
 * @returns a function from seconds since 1970 to what the clocks show then
 */
export function clockOf(timeZone: string): (epochSeconds: number) => ZonedTime {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (epochSeconds) => {
    const shown = new Map(format.formatToParts(epochSeconds * 1000).map(({type, value}) => [type, Number(value)]))
    const part = (name: Intl.DateTimeFormatPartTypes): number => shown.get(name) ?? 0
    return {
      year: part('year'),
      month: part('month'),
      day: part('day'),
      hour: part('hour'),
      minute: part('minute'),
      second: part('second'),
    }
  }
}

/** The ISO 8601 week of a day: weeks begin on Monday and belong to the year their Thursday is in. */
export function isoWeekOf({year, month, day}: Pick<ZonedTime, 'day' | 'month' | 'year'>): {
  readonly year: number
  readonly week: number
} {
  const thursday = new Date(Date.UTC(year, month - 1, day))
  thursday.setUTCDate(thursday.getUTCDate() + 3 - ((thursday.getUTCDay() + 6) % 7))
  const dayOfYear = (thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / 86_400_000
  return {year: thursday.getUTCFullYear(), week: Math.floor(dayOfYear / 7) + 1}
}
