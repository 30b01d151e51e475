import {isoWeek, localTime, type LocalTime} from './local-time.js'

export type PruneMark = 'keep' | 'protected' | 'remove' | 'renamed'

/** A backup as retention sees it. */
export interface PruneCandidate {
  readonly volid: string
  /** Epoch seconds. */
  readonly ctime: number
  /** `qemu/100`: backups of one guest are counted together. Absent: its name is not the usual one, so it is left alone. */
  readonly group?: string
  readonly protected?: boolean
}

/** How many to keep, by rule; 0 or absent: the rule keeps nothing. */
export interface KeepOptions {
  readonly all?: boolean
  readonly last?: number
  readonly hourly?: number
  readonly daily?: number
  readonly weekly?: number
  readonly monthly?: number
  readonly yearly?: number
}

const RULES = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const

/** Reads `keep-last=3,keep-weekly=2`. Undefined for a text without any rule. */
export function parseKeep(text: string): KeepOptions | undefined {
  const keep: {-readonly [K in keyof KeepOptions]: KeepOptions[K]} = {}
  for (const part of text.split(',')) {
    const [, rule, value] = /^keep-(\w+)=(\d+)$/.exec(part.trim()) ?? []
    if (rule === 'all') keep.all = value === '1'
    else if (RULES.includes(rule as never)) keep[rule as (typeof RULES)[number]] = Number(value)
  }

  return Object.keys(keep).length === 0 ? undefined : keep
}

/**
 * Decides about each backup of a storage (reference 2.14). Newest first, each rule keeps the newest backup of each of its periods that no rule before it has covered
 * already, until it has kept its number. Protected and renamed backups stay and don't count. Without a rule, and with `keep-all`, everything stays.
 * @param timezone whose hours, days, weeks, months and years they are
 */
export function pruneMarks(
  candidates: readonly PruneCandidate[],
  keep: KeepOptions,
  timezone: string,
): ReadonlyMap<string, PruneMark> {
  const marks = new Map<string, PruneMark>()
  const groups = new Map<string, PruneCandidate[]>()
  for (const candidate of candidates) {
    if (candidate.protected) marks.set(candidate.volid, 'protected')
    else if (candidate.group === undefined) marks.set(candidate.volid, 'renamed')
    else groups.set(candidate.group, [...(groups.get(candidate.group) ?? []), candidate])
  }

  for (const group of groups.values())
    markGroup(
      group.sort((a, b) => b.ctime - a.ctime),
      keep,
      timezone,
      marks,
    )
  return marks
}

function markGroup(
  newestFirst: readonly PruneCandidate[],
  keep: KeepOptions,
  timezone: string,
  marks: Map<string, PruneMark>,
): void {
  const hasRule = RULES.some((rule) => (keep[rule] ?? 0) > 0)
  if (keep.all || !hasRule) {
    for (const {volid} of newestFirst) marks.set(volid, 'keep')
    return
  }

  for (const rule of RULES) applyRule(rule, keep[rule] ?? 0, newestFirst, timezone, marks)
  for (const {volid} of newestFirst) if (!marks.has(volid)) marks.set(volid, 'remove')
}

function applyRule(
  rule: (typeof RULES)[number],
  count: number,
  newestFirst: readonly PruneCandidate[],
  timezone: string,
  marks: Map<string, PruneMark>,
): void {
  if (count === 0) return
  // for `last` each second is a period: of two backups of the same second one counts
  const period = ({ctime}: PruneCandidate): string =>
    rule === 'last' ? String(ctime) : periodOf(rule, localTime(ctime, timezone))
  const covered = new Set(
    newestFirst.filter(({volid}) => marks.get(volid) === 'keep').map((candidate) => period(candidate)),
  )
  const kept = new Set<string>()
  for (const candidate of newestFirst) {
    if (marks.has(candidate.volid)) continue
    const id = period(candidate)
    if (covered.has(id)) continue
    if (kept.has(id)) {
      marks.set(candidate.volid, 'remove')
      continue
    }

    if (kept.size >= count) break
    kept.add(id)
    marks.set(candidate.volid, 'keep')
  }
}

function periodOf(rule: Exclude<(typeof RULES)[number], 'last'>, time: LocalTime): string {
  const {year, month, day, hour} = time
  switch (rule) {
    case 'hourly': {
      return `${year}/${month}/${day}/${hour}`
    }

    case 'daily': {
      return `${year}/${month}/${day}`
    }

    case 'weekly': {
      return isoWeek(time)
    }

    case 'monthly': {
      return `${year}/${month}`
    }

    default: {
      return String(year)
    }
  }
}
