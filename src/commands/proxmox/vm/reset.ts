import {GuestPowerCommand, restartFlags} from '../../../cli/guest-power-command.js'

export default class VmReset extends GuestPowerCommand {
  static override summary = 'Reset VMs, as if the reset button was pressed.'
  static override examples = ['<%= config.bin %> <%= command.id %> web']
  static override flags = restartFlags

  protected readonly guestType = 'qemu'
  protected readonly verb = 'reset'
  protected readonly past = 'reset'
  protected override readonly ask = 'selection'
}
