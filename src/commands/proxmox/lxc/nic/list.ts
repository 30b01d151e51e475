import {GuestNicListCommand} from '../../../../cli/guest-nic-list-command.js'

export default class LxcNicList extends GuestNicListCommand {
  static override summary = 'List the network interfaces of a container.'
  static override description = 'What waits for the next start is marked (PENDING).'
  static override hiddenAliases = ['proxmox:ct:nic:list']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    '<%= config.bin %> <%= command.id %> dns --columns key,ip,gateway',
  ]
  static override args = GuestNicListCommand.args

  protected readonly guestType = 'lxc'
}
