import {decideRetention, type KeepRule, type Retention} from './retention.js'
import type {Snapshot} from './snapshot.js'

/** What shall be left of the snapshots of a guest; one of `keep` and `olderThanMs` at least. */
export interface PruneWish {
  readonly keep?: Retention
  /** What is younger stays, whatever the rules say. */
  readonly olderThanMs?: number
  /** Also those that were named by hand, or by somebody else. */
  readonly any: boolean
}

export interface PruneDecision {
  readonly snapshot: Snapshot
  /** `foreign` and `incomplete` ones stay and are not counted. */
  readonly mark: 'foreign' | 'incomplete' | 'keep' | 'remove'
  /** What keeps it: a rule, or its age. */
  readonly by?: KeepRule | 'age'
}

/**
 * Which snapshots go. What the rules keep stays, and what is not old enough; one that was never finished is left to `snapshot delete`.
 * @param nowMs in ms since 1970
 * @param timeZone in whose hours, days and weeks the rules count
 */
export function decidePruning(
  snapshots: readonly Snapshot[],
  {any, keep, olderThanMs}: PruneWish,
  nowMs: number,
  timeZone: string,
): PruneDecision[] {
  const items = snapshots.map((snapshot) => {
    const ours = (any || snapshot.automatic) && snapshot.snapState === undefined && snapshot.createdAt !== undefined
    const time = Math.floor(Date.parse(snapshot.createdAt ?? '') / 1000)
    return {snapshot, ours, time, ...(ours && {group: 'snapshots'})}
  })
  const decided = new Map(
    decideRetention(
      items.filter(({ours}) => ours),
      keep ?? {},
      timeZone,
    ).map((decision) => [decision.item.snapshot, decision]),
  )
  return items.map(({ours, snapshot, time}): PruneDecision => {
    if (!ours) {
      const incomplete = snapshot.snapState !== undefined || snapshot.createdAt === undefined
      return {snapshot, mark: incomplete ? 'incomplete' : 'foreign'}
    }

    const {mark, rule} = decided.get(snapshot) ?? {}
    if (keep !== undefined && mark !== 'remove') return {snapshot, mark: 'keep', ...(rule !== undefined && {by: rule})}
    return olderThanMs !== undefined && nowMs - time * 1000 <= olderThanMs
      ? {snapshot, mark: 'keep', by: 'age'}
      : {snapshot, mark: 'remove'}
  })
}
