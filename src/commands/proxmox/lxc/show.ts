import {GuestShowCommand} from '../../../cli/guest-show-command.js'

export default class LxcShow extends GuestShowCommand {
  static override summary = 'Show a container: what it is doing and how it is configured.'
  static override hiddenAliases = ['proxmox:ct:show']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    "<%= config.bin %> <%= command.id %> dns --jq '.config.net0'",
  ]

  protected readonly guestType = 'lxc'
}
