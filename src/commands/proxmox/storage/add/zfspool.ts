import {Flags} from '@oclif/core'

import {StorageAddCommand} from '../../../../cli/storage-add-command.js'
import {addFlags} from '../../../../cli/storage-flags.js'

export default class StorageAddZfspool extends StorageAddCommand {
  static override summary = 'Add a ZFS pool or dataset of the nodes as a storage.'
  static override description = 'The pool has to be on each of the nodes, by the same name; replication needs that.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> tank --pool tank/vms --sparse',
    '<%= config.bin %> <%= command.id %> tank --pool tank --blocksize 16k --nodes pve1,pve2',
  ]

  static override args = StorageAddCommand.args
  static override flags = {
    pool: Flags.string({description: 'The pool, or a dataset in it.', helpValue: 'POOL', required: true}),
    sparse: Flags.boolean({description: 'Disks take what is written to them, not their whole size at once.'}),
    blocksize: Flags.string({description: 'The block size of VM disks.', helpValue: 'SIZE'}),
    mountpoint: Flags.string({description: 'Where the pool is mounted, where that is not /POOL.', helpValue: 'PATH'}),
    ...addFlags('zfspool'),
  }

  protected readonly type = 'zfspool'
}
