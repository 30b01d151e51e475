import {GuestTagSetCommand, guestTagSetFlags} from '../../../../cli/guest-tag-command.js'

export default class VmTagSet extends GuestTagSetCommand {
  static override summary = 'Give VMs exactly these tags.'
  static override description =
    'Several at once with -l or --all; then every word is a tag. Tags that are not named are taken away.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web prod backup',
    '<%= config.bin %> <%= command.id %> web --none',
  ]
  static override args = GuestTagSetCommand.args
  static override flags = guestTagSetFlags

  protected readonly guestType = 'qemu'
}
