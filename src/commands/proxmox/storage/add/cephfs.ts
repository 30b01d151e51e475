import {Flags} from '@oclif/core'

import {StorageAddCommand} from '../../../../cli/storage-add-command.js'
import {addFlags, backupFlags, folderFlags, keyringFlag} from '../../../../cli/storage-flags.js'

export default class StorageAddCephfs extends StorageAddCommand {
  static override summary = 'Add a file system of a Ceph cluster as a storage for files and backups.'
  static override description =
    'A file system of the Ceph that runs on these nodes needs no --monhost. For another cluster give its monitors and a keyring. It holds no disks.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> files --fs-name cephfs --content iso,vztmpl,backup',
    '<%= config.bin %> <%= command.id %> far --monhost 192.0.2.31,192.0.2.32 --username pve --keyring-file ceph.secret',
  ]

  static override args = StorageAddCommand.args
  static override flags = {
    'fs-name': Flags.string({
      description: 'The file system; the default one where nothing is said.',
      helpValue: 'NAME',
    }),
    subdir: Flags.string({description: 'A folder of it to mount.', helpValue: 'PATH'}),
    monhost: Flags.string({description: 'The monitors of another Ceph cluster.', helpValue: 'HOST,HOST'}),
    username: Flags.string({description: 'Who uses it; admin by default.', helpValue: 'NAME'}),
    fuse: Flags.boolean({description: 'Mount it through FUSE.'}),
    path: Flags.string({description: 'Where the nodes mount it; /mnt/pve/NAME by default.', helpValue: 'PATH'}),
    options: Flags.string({description: 'Options of the mount.', helpValue: 'OPTIONS'}),
    ...addFlags('cephfs'),
    ...keyringFlag,
    ...folderFlags,
    ...backupFlags,
  }

  protected readonly type = 'cephfs'
}
