import {GuestConfigEditCommand} from '../../../../cli/guest-config-edit-command.js'

export default class LxcConfigEdit extends GuestConfigEditCommand {
  static override summary = "Edit a container's configuration in your editor."
  static override hiddenAliases = ['proxmox:ct:config:edit']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    "EDITOR='code --wait' <%= config.bin %> <%= command.id %> dns",
  ]
  static override args = GuestConfigEditCommand.args
  static override flags = GuestConfigEditCommand.flags

  protected readonly guestType = 'lxc'
}
