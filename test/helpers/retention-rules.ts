import fc from 'fast-check'

import {
  KEEP_RULES,
  type KeepRule,
  type Retained,
  type Retention,
  type RetentionMark,
} from '../../src/domain/retention.js'

/** A time zone by its rules instead of by a data base: seconds its clocks are ahead of UTC at a moment. */
export interface Zone {
  readonly name: string
  readonly offset: (epochSeconds: number) => number
  /** Moments around which much happens: the changes of the clocks. */
  readonly changes: readonly number[]
}

const HOUR = 3600
const DAY = 86_400

const utc = (year: number, month: number, day: number, seconds = 0): number =>
  Date.UTC(year, month - 1, day) / 1000 + seconds
/** The nth Sunday of a month; 0: the last. */
function sunday(year: number, month: number, nth: number): number {
  const days = Array.from({length: 31}, (_, index) => index + 1).filter((day) => {
    const date = new Date(Date.UTC(year, month - 1, day))
    return date.getUTCMonth() === month - 1 && date.getUTCDay() === 0
  })
  return nth === 0 ? days.at(-1)! : days[nth - 1]!
}

function seasonal(name: string, standard: number, spring: (year: number) => number, autumn: (year: number) => number) {
  const years = [2009, 2010, 2024, 2025, 2026, 2027]
  return {
    name,
    changes: years.flatMap((year) => [spring(year), autumn(year)]),
    offset(at: number) {
      const year = new Date(at * 1000).getUTCFullYear()
      return at >= spring(year) && at < autumn(year) ? standard + HOUR : standard
    },
  }
}

const fixed = (name: string, seconds: number): Zone => ({name, offset: () => seconds, changes: [utc(2026, 1, 1)]})

export const ZONES: readonly Zone[] = [
  fixed('UTC', 0),
  fixed('Asia/Kathmandu', 5.75 * HOUR),
  seasonal(
    'Europe/Berlin',
    HOUR,
    (year) => utc(year, 3, sunday(year, 3, 0), HOUR),
    (year) => utc(year, 10, sunday(year, 10, 0), HOUR),
  ),
  seasonal(
    'America/New_York',
    -5 * HOUR,
    (year) => utc(year, 3, sunday(year, 3, 2), 7 * HOUR),
    (year) => utc(year, 11, sunday(year, 11, 1), 6 * HOUR),
  ),
]

/**
 * Until 2011 the clocks of Newfoundland went back at one minute past midnight: into the day before, so that a day came in two pieces. This is that of 2010.
 */
export const TWO_PIECES: Zone = {
  name: 'America/St_Johns',
  changes: [utc(2010, 11, 7, 2.5 * HOUR + 60)],
  offset: (at) => (at < utc(2010, 11, 7, 2.5 * HOUR + 60) ? -2.5 * HOUR : -3.5 * HOUR),
}

/** The period of each rule that a moment is in, from the digits of the local date. */
function periodsOf(at: number, zone: Zone): Record<KeepRule, string> {
  const local = new Date((at + zone.offset(at)) * 1000)
  const text = local.toISOString()
  const weekday = local.getUTCDay() === 0 ? 7 : local.getUTCDay()
  const year = local.getUTCFullYear()
  const dayOfYear = Math.floor((local.getTime() - Date.UTC(year, 0, 1)) / 1000 / DAY) + 1
  let week = `${year}w${Math.floor((dayOfYear - weekday + 10) / 7)}`
  if (week === `${year}w0`) week = `${year - 1}w${weeksIn(year - 1)}`
  else if (week === `${year}w53` && weeksIn(year) === 52) week = `${year + 1}w1`
  return {
    last: String(at),
    hourly: text.slice(0, 13),
    daily: text.slice(0, 10),
    weekly: week,
    monthly: text.slice(0, 7),
    yearly: text.slice(0, 4),
  }
}

/** A year has 53 ISO weeks when it begins on a Thursday, or on a Wednesday in a leap year. */
function weeksIn(year: number): number {
  const first = new Date(Date.UTC(year, 0, 1)).getUTCDay()
  const isLeap = new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1
  return first === 4 || (first === 3 && isLeap) ? 53 : 52
}

/**
 * The rules once more, as statements about each backup instead of a walk over all: at a rule that keeps n, one that no earlier rule has decided about, in a period where
 * none is kept yet, is kept if nothing of its period that is newer could be chosen too, and is given up if something could; either only while no more than n such periods
 * have begun, seen from the newest.
 */
export function marksByDefinition(items: readonly Retained[], keep: Retention, zone: Zone): RetentionMark[] {
  const counted = items.filter((item) => item.protected !== true && item.group !== undefined)
  const marks = new Map<Retained, 'keep' | 'remove'>()
  const periods = new Map(counted.map((item) => [item, periodsOf(item.time, zone)]))
  const isNewer = (one: Retained, other: Retained): boolean =>
    one.group === other.group &&
    (one.time > other.time || (one.time === other.time && items.indexOf(one) < items.indexOf(other)))

  for (const rule of KEEP_RULES) {
    const number = keep[rule] ?? 0
    const period = (item: Retained): string => periods.get(item)![rule]
    const open = counted.filter(
      (item) =>
        !marks.has(item) &&
        !counted.some(
          (kept) => kept.group === item.group && marks.get(kept) === 'keep' && period(kept) === period(item),
        ),
    )
    const chosen = open.flatMap((item) => {
      const newer = open.filter((other) => isNewer(other, item))
      const begun = new Set([item, ...newer].map((other) => period(other))).size
      if (begun > number) return []
      return [[item, newer.some((other) => period(other) === period(item)) ? 'remove' : 'keep'] as const]
    })
    for (const [item, mark] of chosen) marks.set(item, mark)
  }

  const everything = keep.all === true || KEEP_RULES.every((rule) => !keep[rule])
  return items.map((item) => {
    if (item.protected === true) return 'protected'
    if (item.group === undefined) return 'renamed'
    return everything ? 'keep' : (marks.get(item) ?? 'remove')
  })
}

const inventory = (zone: Zone) => {
  const moment = fc.oneof(
    // Minutes apart around a change of the clocks; hours apart around the end of a year; anywhere in some years.
    fc
      .tuple(fc.constantFrom(...zone.changes), fc.integer({min: -40, max: 40}))
      .map(([change, steps]) => change + steps * 600),
    fc
      .tuple(fc.constantFrom(2024, 2025, 2026), fc.integer({min: -200, max: 200}))
      .map(([year, hours]) => utc(year, 1, 1, hours * HOUR)),
    fc.integer({min: utc(2024, 1, 1), max: utc(2027, 6, 1)}),
  )
  const regular = fc
    .tuple(moment, fc.constantFrom(1800, HOUR, 6 * HOUR, DAY, 3 * DAY), fc.integer({min: 0, max: 24}))
    .map(([start, step, count]) => Array.from({length: count}, (_, index) => start + index * step))
  const times = fc.tuple(fc.array(moment, {maxLength: 12}), regular).map(([some, series]) => [...some, ...series])
  return times.chain((all) =>
    fc.tuple(
      ...all.map((time) =>
        fc.tuple(fc.integer({min: 0, max: 9}), fc.integer({min: 0, max: 11})).map(([whose, special]): Retained => ({
          time,
          ...(special !== 1 && {group: whose < 7 ? 'qemu/100' : 'lxc/200'}),
          ...(special === 0 && {protected: true}),
        })),
      ),
    ),
  )
}

const rules = fc
  .record(
    Object.fromEntries(
      KEEP_RULES.map((rule) => [rule, fc.oneof(fc.integer({min: 0, max: 4}), fc.integer({min: 0, max: 30}))]),
    ) as Record<KeepRule, fc.Arbitrary<number>>,
    {requiredKeys: []},
  )
  .map((keep): Retention => keep)

/** Random inventories with the rules for them and the zone they lie in. */
export const prunings = fc
  .constantFrom(...ZONES, TWO_PIECES)
  .chain((zone) => fc.tuple(fc.constant(zone), inventory(zone), rules))
  .map(([zone, items, keep]) => ({
    // The rules of Newfoundland are stated for one autumn only.
    items:
      zone === TWO_PIECES
        ? items.map((item) => ({...item, time: TWO_PIECES.changes[0]! + (item.time % (6 * HOUR)) - 3 * HOUR}))
        : items,
    zone,
    keep,
  }))
