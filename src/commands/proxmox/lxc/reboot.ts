import {GuestRebootCommand} from '../../../cli/guest-reboot-command.js'

export default class LxcReboot extends GuestRebootCommand {
  static override summary = 'Ask containers to reboot; what is pending in their configuration takes effect.'
  static override hiddenAliases = ['proxmox:ct:reboot']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    '<%= config.bin %> <%= command.id %> -l tag=dev --yes',
  ]

  protected readonly guestType = 'lxc'
}
