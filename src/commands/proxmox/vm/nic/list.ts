import {GuestNicListCommand} from '../../../../cli/guest-nic-list-command.js'

export default class VmNicList extends GuestNicListCommand {
  static override summary = 'List the network cards of a VM.'
  static override description = 'What waits for the next start is marked (PENDING).'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web --columns key,mac,vlan',
  ]
  static override args = GuestNicListCommand.args

  protected readonly guestType = 'qemu'
}
