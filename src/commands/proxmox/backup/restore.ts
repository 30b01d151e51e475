import {BACKUP_TIMEOUT_MS, backupTimeoutFlag} from '../../../cli/backup-run-flags.js'
import {restoreFlags, restoreRequest} from '../../../cli/backup-restore-flags.js'
import {backupArg} from '../../../cli/backup-command.js'
import {BaseCommand} from '../../../cli/base-command.js'
import {confirmFlags, dryRunFlag, waitFlags, warningsFlag} from '../../../cli/flags.js'
import {restoredText, restorePlanLines, restorePlanOf, type PlannedRestore} from '../../../cli/output/restored.js'
import {backupRestoreService, restorePreparation} from '../../../cli/wiring/backup.js'
import {failure} from '../../../domain/failure.js'
import {guestLabel} from '../../../domain/guest.js'
import type {RestoredGuest} from '../../../services/backup-restore-service.js'
import type {PreparedRestore} from '../../../services/restore-preparation.js'

export default class BackupRestore extends BaseCommand<PlannedRestore | RestoredGuest> {
  static override summary = 'Restore a VM or container from a backup: as a copy, under its VMID, or in place.'
  static override description = `A copy (--as, --vmid) never touches the original: it has MAC addresses of its own, NICs with the cable pulled, no directories of the node mounted, and \
does not start with the node, unless you say otherwise. Restored under its own VMID, which must be free, a guest comes back as it was.
In place the guest is stopped (--stop), backed up, and overwritten; its snapshots and what its disks hold now are lost.
The guest of NAME@latest may be gone: its VMID will do, or the name in the first line of the notes of its backups.
All disks come from the backup. Those of a VM go to one storage, or each to its own; those of a container wherever you say.`
  static override args = {backup: backupArg}
  static override examples = [
    {
      description: 'A test beside the original',
      command: '<%= config.bin %> <%= command.id %> web@latest --as web-test --start',
    },
    '<%= config.bin %> <%= command.id %> dns@2026-01-31 --as dns-old --storage local-lvm --bridge vmbr9 --memory 512MiB',
    {
      description: 'A guest that was deleted',
      command: '<%= config.bin %> <%= command.id %> 101@latest --vmid 101 --start',
    },
    {
      description: 'Back to what it was last night',
      command: '<%= config.bin %> <%= command.id %> web@latest --in-place --stop',
    },
    {
      description: 'What would happen',
      command: '<%= config.bin %> <%= command.id %> web@latest --in-place --stop --dry-run',
    },
  ]

  static override flags = {
    ...restoreFlags,
    'poll-interval': waitFlags['poll-interval'],
    ...backupTimeoutFlag,
    ...confirmFlags,
    ...dryRunFlag,
    ...warningsFlag,
  }

  async run(): Promise<PlannedRestore | RestoredGuest> {
    const {args, flags} = await this.parse(BackupRestore)
    const request = this.unwrap(restoreRequest(args.backup, flags, await this.settings()))
    const preparation = await this.use(restorePreparation)
    const prepared = await this.unwrap(preparation.prepare(request))
    for (const text of prepared.warnings) await this.warning(text)
    if (flags['dry-run']) return this.present(restorePlanOf(prepared), {text: restorePlanLines(prepared).join('\n')})
    await this.confirm(prepared, flags.yes)
    this.progress.start(`restore ${prepared.backup.volume}`)
    const patience = this.patience({...flags, timeout: flags.timeout ?? BACKUP_TIMEOUT_MS})
    const restored = await this.unwrap((await this.use(backupRestoreService)).run(prepared, patience))
    const tasks = [restored.task, ...(restored.safetyCopy === undefined ? [] : [restored.safetyCopy.task])]
    this.checkWarnings(flags, tasks, restored)
    return this.present(restored, {text: restoredText(restored)})
  }

  /** The name has to be typed: what is overwritten is gone. */
  private async confirm(prepared: PreparedRestore, yes: boolean): Promise<void> {
    const {target} = prepared
    if (yes || target === undefined) return
    for (const line of restorePlanLines(prepared)) this.note(`  ${line}`)
    const answer = target.name ?? String(target.vmid)
    const typed = await this.unwrap(this.prompt.confirmName(`Overwrite ${guestLabel(target)}?`, answer, '--yes'))
    if (!typed) this.fail(failure('refused', `nothing was restored: something else than ${answer} was typed`))
  }
}
