import {Flags} from '@oclif/core'

import {StorageAddCommand} from '../../../../cli/storage-add-command.js'
import {addFlags, backupFlags, chainFlag, fileFlags, formatFlag, passwordFlags} from '../../../../cli/storage-flags.js'
import type {StorageValues} from '../../../../domain/new-storage.js'

export default class StorageAddCifs extends StorageAddCommand {
  static override summary = 'Add a share of a Windows or Samba server as a storage.'
  static override description =
    'Without --username the nodes use it as a guest. With one, the password comes from stdin, a file, or is asked for; it is kept on the cluster where only root can read it.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> media --server nas.lan --share media --content iso',
    'pass show nas | <%= config.bin %> <%= command.id %> media --server nas.lan --share pve --username pve --password-stdin --content backup',
  ]

  static override args = StorageAddCommand.args
  static override flags = {
    server: Flags.string({description: 'The server.', helpValue: 'HOST', required: true}),
    share: Flags.string({description: 'The share.', helpValue: 'NAME', required: true}),
    username: Flags.string({description: 'Who uses it.', helpValue: 'USER'}),
    domain: Flags.string({description: 'The domain of the user.', helpValue: 'DOMAIN', dependsOn: ['username']}),
    subdir: Flags.string({description: 'A folder of the share to mount.', helpValue: 'PATH'}),
    smbversion: Flags.string({
      description: 'The version of the protocol; the newest that both know by default.',
      options: ['default', '2.0', '2.1', '3', '3.0', '3.11'],
    }),
    path: Flags.string({description: 'Where the nodes mount it; /mnt/pve/NAME by default.', helpValue: 'PATH'}),
    options: Flags.string({description: 'Options of the mount.', helpValue: 'OPTIONS'}),
    ...addFlags('cifs'),
    ...passwordFlags,
    ...fileFlags,
    ...formatFlag,
    ...chainFlag,
    ...backupFlags,
  }

  protected readonly type = 'cifs'

  protected override passwordQuestion({username}: StorageValues): string | undefined {
    return username === undefined ? undefined : `Password of ${String(username)}`
  }
}
