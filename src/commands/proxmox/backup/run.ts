import {BackupRunCommand} from '../../../cli/backup-run-command.js'

export default class BackupRun extends BackupRunCommand {
  static override summary = 'Back up VMs and containers now, each on the node where it is.'
  static override description = `Each guest gets a task of its own. The nodes work at the same time, each on one guest after the other, because a node makes one backup at a \
time. A backup counts as made when its task has ended well and the new volume is seen on the storage.
When a backup of a guest is under way already, it is waited for instead of making a second one ("adopted": true), unless it goes to another storage.
Without an answer from the server the task is looked for; when it cannot be found either, the exit code is 12, and nothing is repeated.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> web db --storage nas',
    '<%= config.bin %> <%= command.id %> -l tag=production --storage pbs --notes "{{guestname}} before the upgrade" --protected',
    '<%= config.bin %> <%= command.id %> --all --storage nas --parallel 2',
    {description: 'Where each would go', command: '<%= config.bin %> <%= command.id %> --pool lab --dry-run'},
  ]
  static override args = BackupRunCommand.args
  static override flags = BackupRunCommand.flags
  static override strict = false
}
