import {GuestListCommand} from '../../../cli/guest-list-command.js'

export default class LxcList extends GuestListCommand {
  static override summary = 'List the containers of all nodes, templates included.'
  static override hiddenAliases = ['proxmox:lxc:ls', 'proxmox:ct:list', 'proxmox:ct:ls']
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> -l tag=dns -o csv',
  ]

  protected readonly guestType = 'lxc'
}
