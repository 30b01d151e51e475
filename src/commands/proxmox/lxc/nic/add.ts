import {GuestNicAddCommand} from '../../../../cli/guest-nic-change-commands.js'

export default class LxcNicAdd extends GuestNicAddCommand {
  static override summary = 'Add a network interface to a container.'
  static override description =
    'Options: name, bridge, vlan, ip, gateway, ip6, gateway6, mac, firewall, rate (MB/s), mtu, trunks, link-down. A running container gets it at once.'
  static override hiddenAliases = ['proxmox:ct:nic:add']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns bridge=vmbr0,ip=dhcp',
    '<%= config.bin %> <%= command.id %> dns name=eth1,bridge=vmbr0,vlan=20,ip=192.0.2.53/24,gateway=192.0.2.1',
  ]
  static override args = GuestNicAddCommand.args
  static override flags = GuestNicAddCommand.flags

  protected readonly guestType = 'lxc'
}
