import {guestLabel} from '../../domain/guest.js'
import {formatSize} from '../../domain/size.js'
import type {TaskReport} from '../../domain/task.js'
import type {BackupMade} from '../../services/backup-proof.js'
import type {BackupBegun} from '../../services/backup-run-service.js'

/** What became of one backup, for people; the UPID alone where nobody waited. */
export function backupText(made: BackupBegun | BackupMade): string {
  if (!('volume' in made)) return made.upid
  const size = made.sizeBytes === undefined ? '' : `, ${formatSize(made.sizeBytes)}`
  const how = made.adopted === true ? ' (was under way already)' : ''
  const warned = made.task.outcome === 'warnings' ? ` with warnings (${made.task.exitStatus})` : ''
  return `${guestLabel(made)} on ${made.node} backed up${warned}: ${made.volume}${size}${how}`
}

/** The tasks whose warnings count; one that failed after its backup was complete warned of that. */
export function checkedTasks(made: readonly (BackupBegun | BackupMade)[]): TaskReport[] {
  return made.flatMap((one) => {
    if (!('volume' in one)) return []
    return [(one.warnings ?? []).length > 0 ? {...one.task, outcome: 'warnings' as const} : one.task]
  })
}
