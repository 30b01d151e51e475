import {GuestRenameCommand} from '../../../cli/guest-rename-command.js'

export default class VmRename extends GuestRenameCommand {
  static override summary = 'Give a VM another name.'

  static override examples = ['<%= config.bin %> <%= command.id %> web web-old']
  static override args = GuestRenameCommand.args

  protected readonly guestType = 'qemu'
}
