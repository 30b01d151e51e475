import {Args, Flags} from '@oclif/core'
import {guestArg} from '../../../../cli/device-change-command.js'
import {
  GuestDiskPlaceCommand,
  overcommitFlag,
  storageFlag,
  vmPlaceFlags,
} from '../../../../cli/guest-disk-place-command.js'

export default class VmDiskImport extends GuestDiskPlaceCommand {
  static override summary = 'Add a copy of a volume to a VM as a new disk.'
  static override description =
    'Of a file of content "import" (a cloud image, a disk in an OVA; Proxmox VE 8.2), or of another disk. No SSH is needed.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web local:import/debian-12.qcow2 --storage local-lvm',
    '<%= config.bin %> <%= command.id %> web local-lvm:vm-105-disk-0,ssd,discard --slot scsi2',
  ]
  static override args = {
    name: guestArg,
    disk: Args.string({description: 'The volume to copy, with options of the new disk after commas.', required: true}),
  }
  static override flags = {
    ...vmPlaceFlags,
    ...storageFlag,
    ...overcommitFlag,
    'working-storage': Flags.string({
      helpValue: 'STORAGE',
      description: 'Storage of files where an image is unpacked that cannot be where it goes (Proxmox VE 8.4).',
    }),
  }

  protected readonly guestType = 'qemu'
  protected readonly action = 'import'
}
