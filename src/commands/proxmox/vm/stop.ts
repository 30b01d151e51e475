import {GuestPowerCommand, powerFlags} from '../../../cli/guest-power-command.js'

export default class VmStop extends GuestPowerCommand {
  static override summary = 'Stop VMs at once, as if the plug was pulled.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> -l tag=dev,status=running --yes',
  ]
  static override flags = powerFlags

  protected readonly guestType = 'qemu'
  protected readonly verb = 'stop'
  protected readonly past = 'stopped'
  protected override readonly ask = 'selection'
}
