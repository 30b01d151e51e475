import {GuestConfigDiffCommand} from '../../../../cli/guest-config-diff-command.js'

export default class LxcConfigDiff extends GuestConfigDiffCommand {
  static override summary = 'Compare the configurations of two containers, or of one at two times.'
  static override hiddenAliases = ['proxmox:ct:config:diff']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns proxy',
    '<%= config.bin %> <%= command.id %> dns --at before-upgrade',
    '<%= config.bin %> <%= command.id %> dns --pending',
  ]
  static override args = GuestConfigDiffCommand.args
  static override flags = GuestConfigDiffCommand.flags

  protected readonly guestType = 'lxc'
}
