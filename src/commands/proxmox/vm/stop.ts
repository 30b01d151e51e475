import {GuestStopCommand} from '../../../cli/guest-stop-command.js'

export default class VmStop extends GuestStopCommand {
  static override summary = 'Stop VMs at once, as if the plug was pulled.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> -l tag=dev,status=running --yes',
  ]

  protected readonly guestType = 'qemu'
}
