import {GuestConfigSetCommand} from '../../../../cli/guest-config-set-command.js'

export default class LxcConfigSet extends GuestConfigSetCommand {
  static override summary = 'Set keys in the configuration of containers.'
  static override hiddenAliases = ['proxmox:ct:config:set']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns cores=2 memory=1024',
    '<%= config.bin %> <%= command.id %> dns nameserver=192.0.2.53 --delete searchdomain',
    '<%= config.bin %> <%= command.id %> dns description=@notes.md',
    '<%= config.bin %> <%= command.id %> -l tag=prod onboot=yes',
  ]
  static override args = GuestConfigSetCommand.args
  static override flags = GuestConfigSetCommand.flags

  protected readonly guestType = 'lxc'
}
