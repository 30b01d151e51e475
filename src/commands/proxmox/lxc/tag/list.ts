import {GuestTagListCommand} from '../../../../cli/guest-tag-list-command.js'

export default class LxcTagList extends GuestTagListCommand {
  static override summary = 'List the tags of containers, and who has them.'
  static override hiddenAliases = ['proxmox:ct:tag:list']
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> dns',
    '<%= config.bin %> <%= command.id %> -l status=running -o name',
  ]
  static override args = GuestTagListCommand.args
  static override flags = GuestTagListCommand.flags

  protected readonly guestType = 'lxc'
}
