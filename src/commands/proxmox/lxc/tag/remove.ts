import {GuestTagRemoveCommand, guestTagFlags} from '../../../../cli/guest-tag-command.js'

export default class LxcTagRemove extends GuestTagRemoveCommand {
  static override summary = 'Take tags away from containers.'
  static override description = 'Several at once with -l or --all; then every word is a tag.'
  static override hiddenAliases = ['proxmox:ct:tag:remove']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns old',
    '<%= config.bin %> <%= command.id %> -l tag=old old',
  ]
  static override args = GuestTagRemoveCommand.args
  static override flags = guestTagFlags

  protected readonly guestType = 'lxc'
}
