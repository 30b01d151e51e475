import {GuestPowerCommand, restartFlags} from '../../../cli/guest-power-command.js'

export default class VmReboot extends GuestPowerCommand {
  static override summary = 'Ask VMs to reboot; what is pending in their configuration takes effect.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> -l tag=dev --yes',
  ]
  static override flags = restartFlags

  protected readonly guestType = 'qemu'
  protected readonly verb = 'reboot'
  protected readonly past = 'rebooted'
  protected override readonly ask = 'selection'
}
