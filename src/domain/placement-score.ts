/** What speaks for a node, apart from that the guest can be there at all. */
export type ScorePartName = 'affinity' | 'cpu' | 'memory' | 'spread' | 'stay'

/** One thing that speaks for a node: `points` is value times weight. */
export interface ScorePart {
  readonly part: ScorePartName
  /** 0..1; higher is better. */
  readonly value: number
  readonly weight: number
  readonly points: number
}

export type ScoreWeights = Readonly<Record<ScorePartName, number>>

/** Memory counts most; likes apart from each other more than idle processors; staying put decides among near equals. */
export const SCORE_WEIGHTS: ScoreWeights = {memory: 100, spread: 30, affinity: 20, cpu: 20, stay: 10}

export interface Score {
  /** The sum of all points. */
  readonly score: number
  readonly parts: readonly ScorePart[]
}

/** Adds up what is known of a node; a part nobody can tell is left out, for all nodes or for one. */
export function scoreOf(values: Readonly<Partial<Record<ScorePartName, number>>>, weights = SCORE_WEIGHTS): Score {
  const parts: ScorePart[] = []
  let score = 0
  for (const part of ['memory', 'spread', 'affinity', 'cpu', 'stay'] as const) {
    const value = values[part]
    if (value === undefined) continue
    const points = value * weights[part]
    score += points
    parts.push({part, value, weight: weights[part], points})
  }

  return {score, parts}
}

/** Share of a node's memory that is free once `usedBytes` are taken, 0..1. */
export function freeShare(usedBytes: number, totalBytes: number): number {
  return totalBytes <= 0 ? 0 : Math.min(1, Math.max(0, 1 - usedBytes / totalBytes))
}

/** `web` of `web-1`, `web2`, `web-03`; undefined for names without a number at the end. */
export function nameGroup(name: string | undefined): string | undefined {
  return /^(.*[^\d-])-?\d+$/.exec(name ?? '')?.[1]
}

interface Named {
  readonly name?: string
  readonly node: string
  readonly tags: readonly string[]
  readonly template: boolean
  readonly vmid: number
}

/**
 * The guests that one wants to be apart from: those of its name group, and where there are none, those that bear one of its tags.
 * @param guest `vmid` is 0 for a guest that is not there yet
 */
export function likesOf<G extends Named>(
  guest: {readonly name?: string | undefined; readonly tags?: readonly string[]; readonly vmid: number},
  guests: readonly G[],
): {readonly group: string; readonly guests: readonly G[]} | undefined {
  const others = guests.filter((other) => !other.template && other.vmid !== guest.vmid)
  const group = nameGroup(guest.name)
  const named = group === undefined ? [] : others.filter((other) => nameGroup(other.name) === group)
  if (group !== undefined && named.length > 0) return {group, guests: named}
  const tags = guest.tags ?? []
  const tagged = others.filter((other) => other.tags.some((tag) => tags.includes(tag)))
  return tagged.length === 0 ? undefined : {group: tags.join(', '), guests: tagged}
}

/** A score or a part of it as people and scripts see it. */
export function readable(value: number): number {
  return Math.round(value * 1000) / 1000
}

export function readableParts(parts: readonly ScorePart[]): ScorePart[] {
  return parts.map((one) => ({...one, value: readable(one.value), points: readable(one.points)}))
}
