import {StorageAddCommand} from '../../../../cli/storage-add-command.js'
import {
  addFlags,
  backupFlags,
  directoryFlags,
  chainFlag,
  fileFlags,
  formatFlag,
  sharedFlag,
} from '../../../../cli/storage-flags.js'

export default class StorageAddDir extends StorageAddCommand {
  static override summary = 'Add a directory of the nodes as a storage.'
  static override description =
    'Each node has a directory of its own at this path, unless --shared says that it is the same one. Proxmox VE makes it where it is missing; --is-mountpoint keeps it from writing into an empty mount point.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> backups --path /srv/backups --content backup --keep-last 3',
    '<%= config.bin %> <%= command.id %> files --path /mnt/files --is-mountpoint yes --nodes pve1 --content iso,vztmpl',
  ]

  static override args = StorageAddCommand.args
  static override flags = {
    ...directoryFlags,
    ...addFlags('dir'),
    ...sharedFlag,
    ...fileFlags,
    ...formatFlag,
    ...chainFlag,
    ...backupFlags,
  }

  protected readonly type = 'dir'
}
