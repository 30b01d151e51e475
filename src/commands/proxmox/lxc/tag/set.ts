import {GuestTagSetCommand, guestTagSetFlags} from '../../../../cli/guest-tag-command.js'

export default class LxcTagSet extends GuestTagSetCommand {
  static override summary = 'Give containers exactly these tags.'
  static override description =
    'Several at once with -l or --all; then every word is a tag. Tags that are not named are taken away.'
  static override hiddenAliases = ['proxmox:ct:tag:set']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns prod backup',
    '<%= config.bin %> <%= command.id %> dns --none',
  ]
  static override args = GuestTagSetCommand.args
  static override flags = guestTagSetFlags

  protected readonly guestType = 'lxc'
}
