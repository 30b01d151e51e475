import {Flags} from '@oclif/core'

import {StorageAddCommand} from '../../../../cli/storage-add-command.js'
import {
  addFlags,
  backupFlags,
  directoryFlags,
  fileFlags,
  formatFlag,
  sharedFlag,
} from '../../../../cli/storage-flags.js'

export default class StorageAddBtrfs extends StorageAddCommand {
  static override summary = 'Add a directory on a BTRFS file system of the nodes as a storage.'
  static override description =
    'Disks are subvolumes, so that snapshots cost nothing. BTRFS is a technology preview in Proxmox VE.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pool --path /mnt/pool --content images,rootdir',
    '<%= config.bin %> <%= command.id %> pool --path /mnt/pool --is-mountpoint yes --nodes pve1',
  ]

  static override args = StorageAddCommand.args
  static override flags = {
    ...directoryFlags,
    nocow: Flags.boolean({description: 'Switch copy-on-write off: no checksums, quicker random writes.'}),
    ...addFlags('btrfs'),
    ...sharedFlag,
    ...fileFlags,
    ...formatFlag,
    ...backupFlags,
  }

  protected readonly type = 'btrfs'
}
