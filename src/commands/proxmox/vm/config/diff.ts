import {GuestConfigDiffCommand} from '../../../../cli/guest-config-diff-command.js'

export default class VmConfigDiff extends GuestConfigDiffCommand {
  static override summary = 'Compare the configurations of two VMs, or of one at two times.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web db',
    '<%= config.bin %> <%= command.id %> web --at before-upgrade',
    '<%= config.bin %> <%= command.id %> web --pending',
  ]
  static override args = GuestConfigDiffCommand.args
  static override flags = GuestConfigDiffCommand.flags

  protected readonly guestType = 'qemu'
}
