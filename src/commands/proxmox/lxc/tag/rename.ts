import {GuestTagRenameCommand, guestTagFlags} from '../../../../cli/guest-tag-command.js'

export default class LxcTagRename extends GuestTagRenameCommand {
  static override summary = 'Rename a tag of all containers that have it.'
  static override description =
    'Templates too. -l narrows it down. Where the new tag is there already, the two become one.'
  static override hiddenAliases = ['proxmox:ct:tag:rename']
  static override examples = [
    '<%= config.bin %> <%= command.id %> old new',
    '<%= config.bin %> <%= command.id %> old new -l pool=lab',
    '<%= config.bin %> <%= command.id %> old new --dry-run',
  ]
  static override args = GuestTagRenameCommand.args
  static override flags = guestTagFlags

  protected readonly guestType = 'lxc'
}
