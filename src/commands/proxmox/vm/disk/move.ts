import {Flags} from '@oclif/core'
import {GuestDiskMoveCommand, moveFlags} from '../../../../cli/guest-disk-move-command.js'

export default class VmDiskMove extends GuestDiskMoveCommand {
  static override summary = 'Move a disk of a VM to another storage, or into another format.'
  static override description =
    'Works while the VM runs. The old volume stays as unusedN unless --delete-source is given.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web scsi0 nas',
    '<%= config.bin %> <%= command.id %> web scsi0 nas --delete-source --format qcow2',
  ]
  static override args = GuestDiskMoveCommand.args
  static override flags = {
    ...moveFlags,
    format: Flags.option({
      description: "Format of the new volume, on a storage of files; by default the storage's own.",
      options: ['raw', 'qcow2', 'vmdk'] as const,
    })(),
  }

  protected readonly guestType = 'qemu'
}
