import {GuestStopCommand} from '../../../cli/guest-stop-command.js'

export default class LxcStop extends GuestStopCommand {
  static override summary = 'Stop containers at once, as if the plug was pulled.'
  static override hiddenAliases = ['proxmox:ct:stop']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    '<%= config.bin %> <%= command.id %> -l tag=dev,status=running --yes',
  ]

  protected readonly guestType = 'lxc'
}
