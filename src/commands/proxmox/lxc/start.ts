import {GuestStartCommand, startFlags} from '../../../cli/guest-start-command.js'

export default class LxcStart extends GuestStartCommand {
  static override summary = 'Start containers.'
  static override hiddenAliases = ['proxmox:ct:start']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    '<%= config.bin %> <%= command.id %> dns proxy',
    '<%= config.bin %> <%= command.id %> -l tag=lab --parallel 8',
    '<%= config.bin %> <%= command.id %> dns --wait-for tcp:53',
  ]
  static override flags = startFlags

  protected readonly guestType = 'lxc'
}
