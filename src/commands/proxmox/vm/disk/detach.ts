import {GuestDiskDetachCommand} from '../../../../cli/guest-disk-release-commands.js'

export default class VmDiskDetach extends GuestDiskDetachCommand {
  static override summary = 'Take a disk out of a VM and keep its volume.'
  static override description =
    'The volume stays with the VM as unusedN, and can be attached again, given away or removed.'
  static override examples = ['<%= config.bin %> <%= command.id %> web scsi1']
  static override args = GuestDiskDetachCommand.args
  static override flags = GuestDiskDetachCommand.flags

  protected readonly guestType = 'qemu'
}
