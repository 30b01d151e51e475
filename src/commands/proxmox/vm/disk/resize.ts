import {GuestDiskResizeCommand} from '../../../../cli/guest-disk-resize-command.js'

export default class VmDiskResize extends GuestDiskResizeCommand {
  static override summary = 'Make a disk of a VM larger.'
  static override description =
    'Works while the VM runs. Inside it, the partition and the file system may need growing afterwards. A disk cannot shrink.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web scsi0 +10GiB',
    '<%= config.bin %> <%= command.id %> web scsi0 40GiB',
  ]
  static override args = GuestDiskResizeCommand.args
  static override flags = GuestDiskResizeCommand.flags

  protected readonly guestType = 'qemu'
}
