import {backupArg, BackupCommand, backupFields, backupNodeFlag} from '../../../cli/backup-command.js'
import {backupChanges} from '../../../cli/wiring/backup.js'
import type {BackupDetails} from '../../../services/backup-change-service.js'

export default class BackupShow extends BackupCommand<BackupDetails> {
  static override summary = 'Show a backup, with all of its notes.'
  static override args = {backup: backupArg}
  static override flags = backupNodeFlag
  static override examples = [
    '<%= config.bin %> <%= command.id %> web@latest',
    '<%= config.bin %> <%= command.id %> nas:backup/vzdump-qemu-101-2026_01_02-03_04_05.vma.zst',
  ]

  async run(): Promise<BackupDetails> {
    const {args, flags} = await this.parse(BackupShow)
    const backup = await this.backup(args.backup, flags.node)
    const changes = await this.use(backupChanges)
    return this.present(await this.unwrap(changes.show(backup)), {columns: backupFields, nameKey: 'volume'})
  }
}
