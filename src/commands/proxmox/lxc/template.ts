import {GuestTemplateCommand} from '../../../cli/guest-template-command.js'

export default class LxcTemplate extends GuestTemplateCommand {
  static override summary = 'Make templates of containers, for good.'
  static override hiddenAliases = ['proxmox:ct:template']
  static override examples = [
    '<%= config.bin %> <%= command.id %> debian-base',
    '<%= config.bin %> <%= command.id %> debian-base --yes',
  ]

  protected readonly guestType = 'lxc'
}
