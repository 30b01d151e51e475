import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import {formatPropertyString, splitPropertyString} from './property-string.js'
import {clockOf, isoWeekOf, type ZonedTime} from './zoned-time.js'

/** The rules in the order in which they choose. */
export const KEEP_RULES = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const
export type KeepRule = (typeof KEEP_RULES)[number]

/** How many to keep by each rule; `all` keeps everything, and so does having no rule above 0. */
export type Retention = {readonly [rule in KeepRule]?: number} & {readonly all?: boolean}

/** What retention decides about. */
export interface Retained {
  /** When it was made, in seconds since 1970. */
  readonly time: number
  /** Whose it is (`qemu/100`): each group is counted for itself. Absent where that is not known, as for a renamed backup: such a one is left alone. */
  readonly group?: string
  readonly protected?: boolean
}

/** Proxmox's own words (`GET …/prunebackups`). */
export type RetentionMark = 'keep' | 'protected' | 'remove' | 'renamed'

export interface RetentionDecision<T> {
  readonly item: T
  readonly mark: RetentionMark
  /** The rule that keeps it; absent where everything is kept. */
  readonly rule?: KeepRule
}

/**
 * Decides as Proxmox VE prunes (reference 2.14, `GET …/prunebackups`). Within a group, the rules choose one after the other, each from newest to oldest: the newest
 * of each period (hour, day, ISO week, month, year; for `last`, each second is one) is kept until the rule has its number. A period in which an earlier rule has kept
 * something already is passed over without being counted, and what a rule has found to be a second one of its period is not chosen by a later rule. What is protected
 * or renamed stays, covers no period and is not counted.
 * @param timeZone whose hours, days, weeks, months and years they are: that of the node that prunes; where clocks are set back, the hour that comes twice is one period
 * @returns a decision for each, in the order given
 */
export function decideRetention<T extends Retained>(
  items: readonly T[],
  keep: Retention,
  timeZone: string,
): RetentionDecision<T>[] {
  const decided = new Map<T, Omit<RetentionDecision<T>, 'item'>>()
  const groups = new Map<string, T[]>()
  for (const item of items) {
    if (item.protected === true) decided.set(item, {mark: 'protected'})
    else if (item.group === undefined) decided.set(item, {mark: 'renamed'})
    else groups.set(item.group, [...(groups.get(item.group) ?? []), item])
  }

  const clock = clockOf(timeZone)
  for (const group of groups.values()) {
    for (const [item, decision] of decideGroup(group, keep, clock)) decided.set(item, decision)
  }

  return items.map((item) => ({item, ...(decided.get(item) ?? {mark: 'keep'})}))
}

/** Whether these rules never remove anything: `keep-all`, or none above 0. */
export function keepsAll(keep: Retention): boolean {
  return keep.all === true || KEEP_RULES.every((rule) => (keep[rule] ?? 0) === 0)
}

function decideGroup<T extends Retained>(
  group: readonly T[],
  keep: Retention,
  clock: (epochSeconds: number) => ZonedTime,
): Map<T, Omit<RetentionDecision<T>, 'item'>> {
  if (keepsAll(keep)) return new Map(group.map((item) => [item, {mark: 'keep'}]))
  const newestFirst = [...group]
    .sort((a, b) => b.time - a.time)
    .map((item) => ({item, time: item.time, shown: clock(item.time)}))
  const decided = new Map<T, Omit<RetentionDecision<T>, 'item'>>()
  for (const rule of KEEP_RULES) {
    const wanted = keep[rule] ?? 0
    if (wanted === 0) continue
    const covered = new Set(
      newestFirst.flatMap((one) => (decided.get(one.item)?.mark === 'keep' ? [periodOf(rule, one)] : [])),
    )
    const chosen = new Set<string>()
    for (const one of newestFirst) {
      const period = periodOf(rule, one)
      if (decided.has(one.item) || covered.has(period)) continue
      if (chosen.has(period)) decided.set(one.item, {mark: 'remove'})
      else if (chosen.size >= wanted) break
      else {
        chosen.add(period)
        decided.set(one.item, {mark: 'keep', rule})
      }
    }
  }

  return new Map(newestFirst.map(({item}) => [item, decided.get(item) ?? {mark: 'remove'}]))
}

function periodOf(rule: KeepRule, {shown, time}: {readonly shown: ZonedTime; readonly time: number}): string {
  const {year, month, day, hour} = shown
  switch (rule) {
    case 'last': {
      return String(time)
    }

    case 'hourly': {
      return [year, month, day, hour].join('/')
    }

    case 'daily': {
      return [year, month, day].join('/')
    }

    case 'weekly': {
      const week = isoWeekOf(shown)
      return [week.year, week.week].join('/')
    }

    case 'monthly': {
      return [year, month].join('/')
    }

    case 'yearly': {
      return String(year)
    }
  }
}

/** Reads `keep-last=3,keep-daily=7`, as `prune-backups` of storages and jobs has it, and refuses what Proxmox VE refuses. */
export function parseRetention(text: string): Result<Retention, Failure> {
  const keep: {-readonly [K in keyof Retention]: Retention[K]} = {}
  for (const {key, value} of splitPropertyString(text)) {
    const name = key?.trim() ?? ''
    const rule = KEEP_RULES.find((known) => name === `keep-${known}`)
    if (name === 'keep-all' && /^(?:1|on|yes|true|0|off|no|false)$/i.test(value.trim()))
      keep.all = /^(?:1|on|yes|true)$/i.test(value.trim())
    else if (rule !== undefined && /^\d{1,9}$/.test(value.trim())) keep[rule] = Number(value)
    else return err(noRule(key === undefined ? value : `${name}=${value}`, text))
  }

  return checkRetention(keep, text)
}

/** `keep-all` stands alone (Proxmox VE says so too). */
export function checkRetention(keep: Retention, text = formatRetention(keep)): Result<Retention, Failure> {
  return keep.all === true && !keepsAll({...keep, all: false})
    ? err(
        failure('usage', `"${text}" keeps all and not all`, {
          hint: 'Leave out keep-all, or the other rules',
          details: {field: 'keep-all', value: text},
        }),
      )
    : ok(keep)
}

/** `keep-last=3,keep-daily=7`, in the order in which the rules choose. */
export function formatRetention(keep: Retention): string {
  return formatPropertyString([
    ['keep-all', keep.all === true ? true : undefined],
    ...KEEP_RULES.map((rule) => [`keep-${rule}`, keep[rule]] as const),
  ])
}

function noRule(part: string, text: string): Failure {
  return failure('usage', `"${part.trim()}" is no rule of what to keep`, {
    hint: `Write for example keep-last=3,keep-daily=7; the rules are ${['all', ...KEEP_RULES].map((rule) => `keep-${rule}`).join(', ')}`,
    details: {field: 'keep', value: text},
  })
}
