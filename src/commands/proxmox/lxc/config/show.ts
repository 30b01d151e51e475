import {GuestConfigShowCommand} from '../../../../cli/guest-config-show-command.js'

export default class LxcConfigShow extends GuestConfigShowCommand {
  static override summary = "Show a container's configuration."
  static override hiddenAliases = ['proxmox:ct:config:show']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    '<%= config.bin %> <%= command.id %> dns --pending',
    '<%= config.bin %> <%= command.id %> dns --at before-upgrade',
  ]
  static override args = GuestConfigShowCommand.args
  static override flags = GuestConfigShowCommand.flags

  protected readonly guestType = 'lxc'
}
