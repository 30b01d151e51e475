import {GuestPowerCommand, powerFlags} from '../../../cli/guest-power-command.js'

export default class LxcStart extends GuestPowerCommand {
  static override summary = 'Start containers.'
  static override hiddenAliases = ['proxmox:ct:start']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    '<%= config.bin %> <%= command.id %> dns proxy',
    '<%= config.bin %> <%= command.id %> -l tag=lab --parallel 8',
  ]
  static override flags = powerFlags

  protected readonly guestType = 'lxc'
  protected readonly verb = 'start'
  protected readonly past = 'started'
}
