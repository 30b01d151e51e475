import {Flags} from '@oclif/core'

import {StorageAddCommand} from '../../../../cli/storage-add-command.js'
import {addFlags, chainFlag, sharedFlag} from '../../../../cli/storage-flags.js'

export default class StorageAddLvm extends StorageAddCommand {
  static override summary = 'Add an LVM volume group as a storage.'
  static override description =
    'Disks take their whole size at once. For a group on a disk that several nodes reach (iSCSI, SAN), say --shared; --base makes the group on a LUN of an iSCSI storage.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> fast --vgname fast --nodes pve1',
    '<%= config.bin %> <%= command.id %> san-disks --vgname san --base san:0.0.1.scsi-360014051 --shared',
  ]

  static override args = StorageAddCommand.args
  static override flags = {
    vgname: Flags.string({description: 'The volume group.', helpValue: 'NAME', required: true}),
    base: Flags.string({description: 'Make the group on this volume of an iSCSI storage.', helpValue: 'VOLUME'}),
    saferemove: Flags.boolean({description: 'Overwrite a disk with zeros when it is removed.'}),
    'saferemove-throughput': Flags.string({
      description: 'How fast: bytes per second, as cstream takes it.',
      helpValue: 'BYTES',
      dependsOn: ['saferemove'],
    }),
    'saferemove-stepsize': Flags.string({
      description: 'How many MiB at once; from Proxmox VE 9 on.',
      options: ['1', '2', '4', '8', '16', '32'],
      dependsOn: ['saferemove'],
    }),
    'tagged-only': Flags.boolean({description: 'Only volumes with the tag pve-vm-VMID are disks of guests.'}),
    ...addFlags('lvm'),
    ...sharedFlag,
    ...chainFlag,
  }

  protected readonly type = 'lvm'
}
