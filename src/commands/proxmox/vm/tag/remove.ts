import {GuestTagRemoveCommand, guestTagFlags} from '../../../../cli/guest-tag-command.js'

export default class VmTagRemove extends GuestTagRemoveCommand {
  static override summary = 'Take tags away from VMs.'
  static override description = 'Several at once with -l or --all; then every word is a tag.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web old',
    '<%= config.bin %> <%= command.id %> -l tag=old old',
  ]
  static override args = GuestTagRemoveCommand.args
  static override flags = guestTagFlags

  protected readonly guestType = 'qemu'
}
