import {GuestNicRemoveCommand} from '../../../../cli/guest-nic-change-commands.js'

export default class VmNicRemove extends GuestNicRemoveCommand {
  static override summary = 'Remove a network card from a VM.'
  static override examples = ['<%= config.bin %> <%= command.id %> web net1']
  static override args = GuestNicRemoveCommand.args
  static override flags = GuestNicRemoveCommand.flags

  protected readonly guestType = 'qemu'
}
