import {GuestDiskListCommand} from '../../../../cli/guest-disk-list-command.js'

export default class VmDiskList extends GuestDiskListCommand {
  static override summary = 'List the disks and drives of a VM.'
  static override description = 'With what is unused, and with what waits for the next start (PENDING).'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    "<%= config.bin %> <%= command.id %> web --jq '.[] | select(.unused) | .volume'",
  ]
  static override args = GuestDiskListCommand.args

  protected readonly guestType = 'qemu'
}
