import {GuestNicAddCommand} from '../../../../cli/guest-nic-change-commands.js'

export default class VmNicAdd extends GuestNicAddCommand {
  static override summary = 'Add a network card to a VM.'
  static override description =
    'Options: bridge, vlan, model, mac, firewall, rate (MB/s), mtu, queues, trunks, link-down. A running VM gets it at once.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web bridge=vmbr0',
    '<%= config.bin %> <%= command.id %> web bridge=vmbr0,vlan=20,model=virtio,firewall',
  ]
  static override args = GuestNicAddCommand.args
  static override flags = GuestNicAddCommand.flags

  protected readonly guestType = 'qemu'
}
