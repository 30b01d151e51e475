import {GuestDiskAddCommand, overcommitFlag, vmPlaceFlags} from '../../../../cli/guest-disk-place-command.js'

export default class VmDiskAdd extends GuestDiskAddCommand {
  static override summary = 'Add a new disk to a VM.'
  static override description =
    'It goes to the next free place, and a running VM gets it at once where the bus allows it (scsi, virtio). Options: ssd, discard, iothread, cache=…, backup=no, ro, format=….'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web local-lvm:32GiB',
    '<%= config.bin %> <%= command.id %> web local-lvm:100GiB,ssd,discard,iothread --slot scsi3',
    '<%= config.bin %> <%= command.id %> web nas:8GiB,format=qcow2,backup=no --bus virtio --dry-run',
  ]
  static override args = GuestDiskAddCommand.args
  static override flags = {...vmPlaceFlags, ...overcommitFlag}

  protected readonly guestType = 'qemu'
}
