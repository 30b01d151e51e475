import {GuestDiskRemoveCommand} from '../../../../cli/guest-disk-release-commands.js'

export default class VmDiskRemove extends GuestDiskRemoveCommand {
  static override summary = 'Destroy a disk of a VM and everything on it.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web unused0',
    '<%= config.bin %> <%= command.id %> web scsi1 --yes',
  ]
  static override args = GuestDiskRemoveCommand.args
  static override flags = GuestDiskRemoveCommand.flags

  protected readonly guestType = 'qemu'
}
