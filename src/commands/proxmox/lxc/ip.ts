import {GuestIpCommand, ipFlags} from '../../../cli/guest-ip-command.js'

export default class LxcIp extends GuestIpCommand {
  static override summary = 'Print the address of a container.'
  static override description = `Proxmox VE 8.1 and later tell the addresses of running containers; for one that is stopped, or on an older server, the static addresses of the configuration stand in, and a note on stderr says so. The first card comes first, IPv4 before IPv6. Loopback and what docker and the like make in the container never count.`
  static override hiddenAliases = ['proxmox:ct:ip']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    '<%= config.bin %> <%= command.id %> dns --all --json',
    'dig @$(<%= config.bin %> <%= command.id %> dns) example.org',
  ]

  static override args = GuestIpCommand.args
  static override flags = ipFlags

  protected readonly guestType = 'lxc'
}
