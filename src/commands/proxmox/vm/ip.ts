import {GuestIpCommand, ipFlags} from '../../../cli/guest-ip-command.js'

export default class VmIp extends GuestIpCommand {
  static override summary = 'Print the address of a VM.'
  static override description = `The guest agent tells the addresses, and the hardware address tells which network card each belongs to; without an agent the static addresses of the configuration (ipconfig0 and so on) stand in, and a note on stderr says so. The first card comes first, IPv4 before IPv6. Loopback and what docker and the like make in the guest never count.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web --net 1 --family 6',
    '<%= config.bin %> <%= command.id %> web --cidr 192.0.2.0/24 --json',
    'curl "http://$(<%= config.bin %> <%= command.id %> web)/"',
  ]

  static override args = GuestIpCommand.args
  static override flags = ipFlags

  protected readonly guestType = 'qemu'
}
