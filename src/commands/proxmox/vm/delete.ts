import {GuestDeleteCommand} from '../../../cli/guest-delete-command.js'

export default class VmDelete extends GuestDeleteCommand {
  static override summary = 'Delete VMs and their disks, for good.'
  static override hiddenAliases = ['proxmox:vm:rm']
  static override examples = [
    '<%= config.bin %> <%= command.id %> web --yes',
    {description: 'What would go', command: '<%= config.bin %> <%= command.id %> -l tag=scratch --dry-run'},
  ]

  protected readonly guestType = 'qemu'
}
