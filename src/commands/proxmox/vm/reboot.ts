import {GuestRebootCommand} from '../../../cli/guest-reboot-command.js'

export default class VmReboot extends GuestRebootCommand {
  static override summary = 'Ask VMs to reboot; what is pending in their configuration takes effect.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> -l tag=dev --yes',
  ]

  protected readonly guestType = 'qemu'
}
