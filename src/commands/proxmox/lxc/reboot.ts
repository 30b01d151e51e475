import {GuestPowerCommand, restartFlags} from '../../../cli/guest-power-command.js'

export default class LxcReboot extends GuestPowerCommand {
  static override summary = 'Ask containers to reboot; what is pending in their configuration takes effect.'
  static override hiddenAliases = ['proxmox:ct:reboot']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    '<%= config.bin %> <%= command.id %> -l tag=dev --yes',
  ]
  static override flags = restartFlags

  protected readonly guestType = 'lxc'
  protected readonly verb = 'reboot'
  protected readonly past = 'rebooted'
  protected override readonly ask = 'selection'
}
