import {GuestStartCommand, startFlags} from '../../../cli/guest-start-command.js'

export default class VmStart extends GuestStartCommand {
  static override summary = 'Start VMs.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web db',
    '<%= config.bin %> <%= command.id %> -l tag=lab --parallel 8',
    '<%= config.bin %> <%= command.id %> web --wait-for agent --wait-for tcp:22',
  ]
  static override flags = startFlags

  protected readonly guestType = 'qemu'
}
