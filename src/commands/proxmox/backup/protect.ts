import {Flags} from '@oclif/core'
import {backupArg, BackupCommand, backupNodeFlag} from '../../../cli/backup-command.js'
import {backupChanges} from '../../../cli/wiring/backup.js'
import type {ChangedBackup} from '../../../services/backup-change-service.js'

export default class BackupProtect extends BackupCommand<ChangedBackup> {
  static override summary = 'Protect a backup from being pruned and deleted, or take the protection off.'
  static override args = {backup: backupArg}
  static override flags = {...backupNodeFlag, off: Flags.boolean({description: 'Take the protection off.'})}
  static override examples = [
    '<%= config.bin %> <%= command.id %> web@latest',
    '<%= config.bin %> <%= command.id %> nas:backup/vzdump-qemu-101-2026_01_02-03_04_05.vma.zst --off',
  ]

  async run(): Promise<ChangedBackup> {
    const {args, flags} = await this.parse(BackupProtect)
    const backup = await this.backup(args.backup, flags.node)
    const changes = await this.use(backupChanges)
    const changed = await this.unwrap(changes.protect(backup, !flags.off))
    const state = `${changed.protected ? 'protected' : 'not protected'}${changed.changed ? '' : ' already'}`
    return this.present(changed, {text: `${changed.volume} is ${state}`, nameKey: 'volume'})
  }
}
