import {GuestTagListCommand} from '../../../../cli/guest-tag-list-command.js'

export default class VmTagList extends GuestTagListCommand {
  static override summary = 'List the tags of VMs, and who has them.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> -l status=running -o name',
  ]
  static override args = GuestTagListCommand.args
  static override flags = GuestTagListCommand.flags

  protected readonly guestType = 'qemu'
}
