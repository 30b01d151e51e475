import {err, ok, type Result} from 'neverthrow'

/** When a job runs, as Proxmox VE's `schedule` says it. Sets hold every value that matches; an absent set matches all. */
export interface CalendarEvent {
  /** 0 is Monday. */
  readonly weekdays?: ReadonlySet<number>
  readonly years?: ReadonlySet<number>
  readonly months?: ReadonlySet<number>
  readonly days?: ReadonlySet<number>
  readonly hours?: ReadonlySet<number>
  readonly minutes?: ReadonlySet<number>
  readonly seconds?: ReadonlySet<number>
}

const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']

const SPECIALS: Readonly<Record<string, string>> = {
  minutely: '*:*:00',
  hourly: '*:00:00',
  daily: '00:00:00',
  weekly: 'mon 00:00:00',
  monthly: '*-*-1 00:00:00',
  quarterly: '*-1,4,7,10-1 00:00:00',
  semiannually: '*-1,7-1 00:00:00',
  'semi-annually': '*-1,7-1 00:00:00',
  yearly: '*-1-1 00:00:00',
  annually: '*-1-1 00:00:00',
}

interface Bounds {
  readonly low: number
  readonly high: number
}
const YEAR: Bounds = {low: 1970, high: 2200}
const MONTH: Bounds = {low: 1, high: 12}
const DAY: Bounds = {low: 1, high: 31}
const HOUR: Bounds = {low: 0, high: 23}
const MINUTE: Bounds = {low: 0, high: 59}

// `*`, `3`, `1..5`, any of them with a step (`2..20/3`), or several with commas. `undefined`: not such a list; `null`: any value.
function parseValues(text: string, {low, high}: Bounds): ReadonlySet<number> | null | undefined {
  if (text === '*') return null
  const values = new Set<number>()
  for (const item of text.split(',')) {
    const parts = /^(?:\*|(\d{1,4})(?:\.\.(\d{1,4}))?)(?:\/(\d{1,4}))?$/.exec(item)
    if (parts === null) return undefined
    const [, first, last, step] = parts
    const from = first === undefined ? low : Number(first)
    // `3/10` counts on from 3; `3` alone is just 3.
    const to = last === undefined ? (first === undefined || step !== undefined ? high : from) : Number(last)
    if (from < low || to > high || from > to || step === '0') return undefined
    for (let value = from; value <= to; value += Number(step ?? 1)) values.add(value)
  }
  return values
}

function weekday(text: string): number | undefined {
  const index = WEEKDAYS.findIndex((name) => name === text || name.slice(0, 3) === text)
  return index === -1 ? undefined : index
}

function parseWeekdays(text: string): ReadonlySet<number> | undefined {
  const days = new Set<number>()
  for (const item of text.toLowerCase().split(',')) {
    const [from, to = from, ...more] = item.split('..').map(weekday)
    if (from === undefined || to === undefined || more.length > 0) return undefined
    for (let day = from; ; day = (day + 1) % 7) {
      days.add(day)
      if (day === to) break
    }
  }
  return days
}

type Fields = Partial<Record<keyof CalendarEvent, ReadonlySet<number>>>

function readFields(
  texts: readonly string[],
  keys: readonly (readonly [keyof CalendarEvent, Bounds])[],
): Fields | undefined {
  const fields: Fields = {}
  for (const [index, [key, bounds]] of keys.entries()) {
    const values = parseValues(texts[index]!, bounds)
    if (values === undefined) return undefined
    if (values !== null) fields[key] = values
  }
  return fields
}

function parseDate(text: string): Fields | undefined {
  const parts = text.split('-')
  if (parts.length === 3)
    return readFields(parts, [
      ['years', YEAR],
      ['months', MONTH],
      ['days', DAY],
    ])
  return parts.length === 2
    ? readFields(parts, [
        ['months', MONTH],
        ['days', DAY],
      ])
    : undefined
}

/** `HH:MM[:SS]`, or minutes alone, which then run every hour. */
function parseTime(text: string): Fields | undefined {
  const parts = text.split(':')
  if (parts.length === 1)
    return readFields(
      [text, '0'],
      [
        ['minutes', MINUTE],
        ['seconds', MINUTE],
      ],
    )
  if (parts.length > 3) return undefined
  return readFields([...parts, '0'].slice(0, 3), [
    ['hours', HOUR],
    ['minutes', MINUTE],
    ['seconds', MINUTE],
  ])
}

/**
 * Reads a calendar event: `[WEEKDAYS] [DATE] [TIME]` or a word such as `daily`. Without a time it runs at midnight. The error is the part of the
 * text that could not be read.
 */
export function parseCalendarEvent(text: string): Result<CalendarEvent, string> {
  const special = SPECIALS[text.trim().toLowerCase()]
  const words = (special ?? text).trim().split(/\s+/)
  if (words[0] === '') return err(text)
  const rest = (): string => text.trim().slice(text.trim().length - words.join(' ').length)
  let event: Fields = {}
  const days = parseWeekdays(words[0]!)
  if (days !== undefined) {
    event.weekdays = days
    words.shift()
  }
  const date = words[0] === undefined || words[0].includes(':') ? undefined : parseDate(words[0])
  if (date !== undefined) {
    event = {...event, ...date}
    words.shift()
  }
  const time = words[0] === undefined ? parseTime('0:0:0') : parseTime(words[0])
  if (time === undefined || words.length > 1) return err(rest())
  return ok({...event, ...time})
}
