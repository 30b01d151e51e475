import {Flags} from '@oclif/core'

import {StorageAddCommand} from '../../../../cli/storage-add-command.js'
import {addFlags} from '../../../../cli/storage-flags.js'

export default class StorageAddIscsi extends StorageAddCommand {
  static override summary = 'Add the LUNs of an iSCSI target as a storage.'
  static override description =
    'A LUN is a disk as a whole. To make several disks of one, add it with --content none and put LVM on it: storage add lvm --base.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> san --portal 192.0.2.20 --target iqn.2003-01.lan.nas:disks --content none',
    '<%= config.bin %> <%= command.id %> san --portal [2001:db8::20]:3260 --target iqn.2003-01.lan.nas:disks',
  ]

  static override args = StorageAddCommand.args
  static override flags = {
    portal: Flags.string({
      description: 'The server, with its port where it is not 3260.',
      helpValue: 'HOST[:PORT]',
      required: true,
    }),
    target: Flags.string({description: 'The name of the target.', helpValue: 'IQN', required: true}),
    ...addFlags('iscsi'),
  }

  protected readonly type = 'iscsi'
}
