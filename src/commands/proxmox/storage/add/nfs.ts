import {Flags} from '@oclif/core'

import {StorageAddCommand} from '../../../../cli/storage-add-command.js'
import {addFlags, backupFlags, chainFlag, fileFlags, formatFlag} from '../../../../cli/storage-flags.js'

export default class StorageAddNfs extends StorageAddCommand {
  static override summary = 'Add an export of an NFS server as a storage.'
  static override description = 'The nodes mount it below /mnt/pve.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> nas --server nas.lan --export /srv/pve --content images,iso,backup',
    '<%= config.bin %> <%= command.id %> nas --server 192.0.2.20 --export /srv/pve --options vers=4.2,soft --dry-run',
  ]

  static override args = StorageAddCommand.args
  static override flags = {
    server: Flags.string({description: 'The server.', helpValue: 'HOST', required: true}),
    export: Flags.string({description: 'What it exports.', helpValue: 'PATH', required: true}),
    path: Flags.string({description: 'Where the nodes mount it; /mnt/pve/NAME by default.', helpValue: 'PATH'}),
    options: Flags.string({description: 'Options of the mount: vers=4.2.', helpValue: 'OPTIONS'}),
    ...addFlags('nfs'),
    ...fileFlags,
    ...formatFlag,
    ...chainFlag,
    ...backupFlags,
  }

  protected readonly type = 'nfs'
}
