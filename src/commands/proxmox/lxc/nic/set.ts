import {GuestNicSetCommand, containerNicFlags} from '../../../../cli/guest-nic-change-commands.js'

export default class LxcNicSet extends GuestNicSetCommand {
  static override summary = 'Change a network interface of a container.'
  static override description = 'What is not named stays as it is, the hardware address above all.'
  static override hiddenAliases = ['proxmox:ct:nic:set']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns net0 --bridge vmbr1 --vlan 20',
    '<%= config.bin %> <%= command.id %> dns net0 --ip 192.0.2.53/24 --gateway 192.0.2.1',
  ]
  static override args = GuestNicSetCommand.args
  static override flags = containerNicFlags

  protected readonly guestType = 'lxc'
}
