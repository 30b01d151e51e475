import {GuestRenameCommand} from '../../../cli/guest-rename-command.js'

export default class LxcRename extends GuestRenameCommand {
  static override summary = 'Give a container another name.'
  static override description =
    'The name of a container is its host name; a running one hears of it with its next start.'
  static override hiddenAliases = ['proxmox:ct:rename']
  static override examples = ['<%= config.bin %> <%= command.id %> dns dns-old']
  static override args = GuestRenameCommand.args

  protected readonly guestType = 'lxc'
}
