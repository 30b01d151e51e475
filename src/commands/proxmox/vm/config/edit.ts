import {GuestConfigEditCommand} from '../../../../cli/guest-config-edit-command.js'

export default class VmConfigEdit extends GuestConfigEditCommand {
  static override summary = "Edit a VM's configuration in your editor."
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    "EDITOR='code --wait' <%= config.bin %> <%= command.id %> web",
  ]
  static override args = GuestConfigEditCommand.args
  static override flags = GuestConfigEditCommand.flags

  protected readonly guestType = 'qemu'
}
