import {guestNoun} from '../../domain/guest.js'
import {failedText} from './results.js'
import type {Pruned, PrunePlan} from '../../services/backup-prune-service.js'
import type {TargetResult} from '../../services/fan-out.js'

/** What would become of each backup, newest first. */
export function pruneLines({backups, keep, storage, type, vmid}: PrunePlan): string[] {
  return [
    `${guestNoun(type)} ${vmid} on ${storage} (${keep}):`,
    ...backups.map(({mark, volume}) => `  ${mark.padEnd(9)} ${volume}`),
  ]
}

export function prunedText(results: readonly TargetResult<Pruned>[]): string {
  const lines = results.flatMap((result) => {
    if (!result.ok) return [failedText(result)]
    return result.value.backups.flatMap(({mark, volume}) => (mark === 'remove' ? [`removed ${volume}`] : []))
  })
  const removed = results.reduce((sum, result) => sum + (result.ok ? result.value.removed : 0), 0)
  return [...lines, removed === 0 ? 'nothing to remove' : `${removed} removed`].join('\n')
}
