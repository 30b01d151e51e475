import {GuestUnlockCommand} from '../../../cli/guest-unlock-command.js'

export default class VmUnlock extends GuestUnlockCommand {
  static override summary = 'Explain the lock of VMs, and take it away when it was left behind.'
  static override description =
    'A lock belongs to a task; while that runs, unlocking is refused. Only root@pam, logged in with its password, may unlock over the API; for the rest, the line for a shell on the node is given.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    {description: 'What the locks mean', command: '<%= config.bin %> <%= command.id %> --all --dry-run'},
  ]

  protected readonly guestType = 'qemu'
}
