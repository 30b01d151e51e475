import {GuestDiskAttachCommand, vmPlaceFlags} from '../../../../cli/guest-disk-place-command.js'

export default class VmDiskAttach extends GuestDiskAttachCommand {
  static override summary = 'Attach a volume that exists to a VM.'
  static override description = "One of the VM's own volumes, used or unused; an ISO goes into a CD-ROM drive."
  static override examples = [
    '<%= config.bin %> <%= command.id %> web unused0',
    '<%= config.bin %> <%= command.id %> web local-lvm:vm-101-disk-1,ssd --slot scsi2',
    '<%= config.bin %> <%= command.id %> web local:iso/debian-12.7.0-amd64-netinst.iso',
  ]
  static override args = GuestDiskAttachCommand.args
  static override flags = vmPlaceFlags

  protected readonly guestType = 'qemu'
}
