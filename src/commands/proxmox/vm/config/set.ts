import {GuestConfigSetCommand} from '../../../../cli/guest-config-set-command.js'

export default class VmConfigSet extends GuestConfigSetCommand {
  static override summary = 'Set keys in the configuration of VMs.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web cores=4 memory=8192',
    '<%= config.bin %> <%= command.id %> web onboot=yes --delete description',
    '<%= config.bin %> <%= command.id %> web description=@notes.md',
    '<%= config.bin %> <%= command.id %> web --revert memory',
    '<%= config.bin %> <%= command.id %> -l tag=prod protection=yes',
    '<%= config.bin %> <%= command.id %> web cores=4 --dry-run',
  ]
  static override args = GuestConfigSetCommand.args
  static override flags = GuestConfigSetCommand.flags

  protected readonly guestType = 'qemu'
}
