import {Args, Flags} from '@oclif/core'
import {backupArg, BackupCommand, backupNodeFlag} from '../../../cli/backup-command.js'
import {readStdin} from '../../../cli/input.js'
import {backupChanges} from '../../../cli/wiring/backup.js'
import {failure} from '../../../domain/failure.js'
import type {BackupDetails, ChangedBackup} from '../../../services/backup-change-service.js'

export default class BackupNotes extends BackupCommand<BackupDetails | ChangedBackup> {
  static override summary = 'Show or change the notes of a backup.'
  static override args = {
    backup: backupArg,
    text: Args.string({
      description: 'New notes, or - to read them from stdin; without it they are shown.',
      required: false,
    }),
  }

  static override flags = {...backupNodeFlag, clear: Flags.boolean({description: 'Take the notes away.'})}
  static override examples = [
    '<%= config.bin %> <%= command.id %> web@latest',
    '<%= config.bin %> <%= command.id %> web@latest "before the upgrade"',
    {
      description: 'Several lines',
      command: 'printf "web\\nbefore 2.0\\n" | <%= config.bin %> <%= command.id %> web@latest -',
    },
  ]

  async run(): Promise<BackupDetails | ChangedBackup> {
    const {args, flags} = await this.parse(BackupNotes)
    if (flags.clear && args.text !== undefined)
      this.fail(failure('usage', 'new notes contradict --clear', {hint: 'leave one of them out'}))
    const backup = await this.backup(args.backup, flags.node)
    const changes = await this.use(backupChanges)
    if (args.text === undefined && !flags.clear) {
      const shown = await this.unwrap(changes.show(backup))
      return this.present(shown, {text: shown.notes ?? '', nameKey: 'volume'})
    }

    const text = flags.clear ? '' : args.text === '-' ? await this.unwrap(readStdin(this.runtime)) : (args.text ?? '')
    const changed = await this.unwrap(changes.setNotes(backup, text))
    return this.present(changed, {
      text: `the notes of ${changed.volume} are ${changed.changed ? 'changed' : 'so already'}`,
      nameKey: 'volume',
    })
  }
}
