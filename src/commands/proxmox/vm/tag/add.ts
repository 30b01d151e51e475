import {GuestTagAddCommand, guestTagFlags} from '../../../../cli/guest-tag-command.js'

export default class VmTagAdd extends GuestTagAddCommand {
  static override summary = 'Add tags to VMs.'
  static override description =
    'Several at once with -l or --all; then every word is a tag. Tags that are there already stay.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web prod backup',
    '<%= config.bin %> <%= command.id %> -l pool=lab backup',
    '<%= config.bin %> <%= command.id %> --all owned-by-ops --dry-run',
  ]
  static override args = GuestTagAddCommand.args
  static override flags = guestTagFlags

  protected readonly guestType = 'qemu'
}
