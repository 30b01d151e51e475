import {GuestPowerCommand, powerFlags} from '../../../cli/guest-power-command.js'

export default class LxcStop extends GuestPowerCommand {
  static override summary = 'Stop containers at once, as if the plug was pulled.'
  static override hiddenAliases = ['proxmox:ct:stop']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    '<%= config.bin %> <%= command.id %> -l tag=dev,status=running --yes',
  ]
  static override flags = powerFlags

  protected readonly guestType = 'lxc'
  protected readonly verb = 'stop'
  protected readonly past = 'stopped'
  protected override readonly ask = 'selection'
}
