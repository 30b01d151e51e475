import {GuestPowerCommand, powerFlags} from '../../../cli/guest-power-command.js'

export default class VmResume extends GuestPowerCommand {
  static override summary = 'Resume VMs that are suspended, in memory or on disk.'
  static override examples = ['<%= config.bin %> <%= command.id %> web']
  static override flags = powerFlags

  protected readonly guestType = 'qemu'
  protected readonly verb = 'resume'
  protected readonly past = 'resumed'
}
