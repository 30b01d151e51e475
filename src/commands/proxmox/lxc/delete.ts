import {GuestDeleteCommand} from '../../../cli/guest-delete-command.js'

export default class LxcDelete extends GuestDeleteCommand {
  static override summary = 'Delete containers and their disks, for good.'
  static override hiddenAliases = ['proxmox:lxc:rm', 'proxmox:ct:delete', 'proxmox:ct:rm']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns --yes',
    {description: 'What would go', command: '<%= config.bin %> <%= command.id %> -l tag=scratch --dry-run'},
  ]

  protected readonly guestType = 'lxc'
}
