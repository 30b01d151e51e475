import {GuestPowerCommand, powerFlags} from '../../../cli/guest-power-command.js'

export default class VmStart extends GuestPowerCommand {
  static override summary = 'Start VMs.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web db',
    '<%= config.bin %> <%= command.id %> -l tag=lab --parallel 8',
  ]
  static override flags = powerFlags

  protected readonly guestType = 'qemu'
  protected readonly verb = 'start'
  protected readonly past = 'started'
}
