import {backupArg, BackupCommand, backupNodeFlag} from '../../../cli/backup-command.js'
import {backupChanges} from '../../../cli/wiring/backup.js'
import {maskSavedConfig, parseSavedConfig} from '../../../domain/saved-config.js'

interface BackupConfig {
  readonly volume: string
  readonly vmid?: number
  readonly type?: string
  readonly config: Readonly<Record<string, string>>
  readonly description?: string
}

export default class BackupShowConfig extends BackupCommand<BackupConfig> {
  static override summary = 'Show the configuration of a guest as it is in a backup.'
  static override args = {backup: backupArg}
  static override flags = backupNodeFlag
  static override examples = [
    '<%= config.bin %> <%= command.id %> web@latest',
    '<%= config.bin %> <%= command.id %> 101@2026-01-31 --jq .config.net0',
  ]

  async run(): Promise<BackupConfig> {
    const {args, flags} = await this.parse(BackupShowConfig)
    const backup = await this.backup(args.backup, flags.node)
    const changes = await this.use(backupChanges)
    const text = await this.unwrap(changes.config(backup))
    const {description, values} = parseSavedConfig(text)
    const {type, vmid, volume} = backup
    return this.present(
      {
        volume,
        ...(vmid !== undefined && {vmid}),
        ...(type !== undefined && {type}),
        config: values,
        ...(description !== undefined && {description}),
      },
      {text: maskSavedConfig(text)},
    )
  }
}
