import {GuestDiskReassignCommand} from '../../../../cli/guest-disk-release-commands.js'

export default class VmDiskReassign extends GuestDiskReassignCommand {
  static override summary = 'Give a disk to another VM on the same node.'
  static override description = 'Nothing is copied. The VM has to be stopped, unless the disk is unused.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web scsi1 db',
    '<%= config.bin %> <%= command.id %> web unused0 db --slot scsi2',
  ]
  static override args = GuestDiskReassignCommand.args
  static override flags = GuestDiskReassignCommand.flags

  protected readonly guestType = 'qemu'
}
