import {GuestShowCommand} from '../../../cli/guest-show-command.js'

export default class VmShow extends GuestShowCommand {
  static override summary = 'Show a VM: what it is doing and how it is configured.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    "<%= config.bin %> <%= command.id %> web --jq '.config.net0'",
  ]

  protected readonly guestType = 'qemu'
}
