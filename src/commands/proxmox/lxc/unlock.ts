import {GuestUnlockCommand} from '../../../cli/guest-unlock-command.js'

export default class LxcUnlock extends GuestUnlockCommand {
  static override summary = 'Explain the lock of containers, and take it away when it was left behind.'
  static override description =
    'A lock belongs to a task; while that runs, unlocking is refused. The API cannot unlock containers; for the rest, the line for a shell on the node is given.'
  static override hiddenAliases = ['proxmox:ct:unlock']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    {description: 'What the locks mean', command: '<%= config.bin %> <%= command.id %> --all --dry-run'},
  ]

  protected readonly guestType = 'lxc'
}
