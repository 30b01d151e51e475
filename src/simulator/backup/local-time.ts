/** A moment on the clocks of a time zone. */
export interface LocalTime {
  readonly year: number
  /** 1 is January. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0')

/** @param epoch seconds */
export function localTime(epoch: number, timezone: string): LocalTime {
  const date = new Date((epoch + zoneOffset(epoch, timezone)) * 1000)
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  }
}

/** Seconds the clocks of a zone are ahead of UTC at a moment. */
export function zoneOffset(epoch: number, timezone: string): number {
  if (/^(?:Etc\/)?(?:GMT|UTC)$/.test(timezone)) return 0
  const text = new Intl.DateTimeFormat('en-US', {timeZone: timezone, timeZoneName: 'longOffset'}).format(epoch * 1000)
  const match = /GMT([+-])(\d\d):(\d\d)/.exec(text)
  if (!match) return 0
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 3600 + Number(match[3]) * 60)
}

/** `2026-11-21 10:44:02`, as logs have it. */
export function logTime(epoch: number, timezone: string): string {
  const {year, month, day, hour, minute, second} = localTime(epoch, timezone)
  return `${year}-${pad(month)}-${pad(day)} ${pad(hour)}:${pad(minute)}:${pad(second)}`
}

/** `2026_11_21-10_44_02`, as the names of backups have it. */
export function archiveTime(epoch: number, timezone: string): string {
  return logTime(epoch, timezone).replaceAll(/[-:]/g, '_').replace(' ', '-')
}

/** `00:00:09` */
export function duration(seconds: number): string {
  return `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(Math.floor(seconds) % 60)}`
}

/** Year and number of the ISO week. */
export function isoWeek({year, month, day}: LocalTime): string {
  const date = new Date(Date.UTC(year, month - 1, day))
  // the week belongs to the year its Thursday lies in
  date.setUTCDate(date.getUTCDate() + 4 - (date.getUTCDay() || 7))
  const start = Date.UTC(date.getUTCFullYear(), 0, 1)
  return `${date.getUTCFullYear()}/${Math.ceil(((date.getTime() - start) / 86_400_000 + 1) / 7)}`
}
