import {GuestNicRemoveCommand} from '../../../../cli/guest-nic-change-commands.js'

export default class LxcNicRemove extends GuestNicRemoveCommand {
  static override summary = 'Remove a network interface from a container.'
  static override hiddenAliases = ['proxmox:ct:nic:remove']
  static override examples = ['<%= config.bin %> <%= command.id %> dns net1']
  static override args = GuestNicRemoveCommand.args
  static override flags = GuestNicRemoveCommand.flags

  protected readonly guestType = 'lxc'
}
