import {GuestNicSetCommand, vmNicFlags} from '../../../../cli/guest-nic-change-commands.js'

export default class VmNicSet extends GuestNicSetCommand {
  static override summary = 'Change a network card of a VM.'
  static override description = 'What is not named stays as it is, the hardware address above all.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web net0 --bridge vmbr1 --vlan 20',
    '<%= config.bin %> <%= command.id %> web net0 --link-down',
    '<%= config.bin %> <%= command.id %> web net0 --vlan none --rate 12.5',
  ]
  static override args = GuestNicSetCommand.args
  static override flags = vmNicFlags

  protected readonly guestType = 'qemu'
}
