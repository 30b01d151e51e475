import {GuestConfigShowCommand} from '../../../../cli/guest-config-show-command.js'

export default class VmConfigShow extends GuestConfigShowCommand {
  static override summary = "Show a VM's configuration."
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web --pending',
    '<%= config.bin %> <%= command.id %> web --at before-upgrade',
    "<%= config.bin %> <%= command.id %> web --jq '.config.cores'",
  ]
  static override args = GuestConfigShowCommand.args
  static override flags = GuestConfigShowCommand.flags

  protected readonly guestType = 'qemu'
}
