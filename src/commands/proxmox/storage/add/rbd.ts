import {Flags} from '@oclif/core'

import {StorageAddCommand} from '../../../../cli/storage-add-command.js'
import {addFlags, keyringFlag} from '../../../../cli/storage-flags.js'

export default class StorageAddRbd extends StorageAddCommand {
  static override summary = 'Add a pool of a Ceph cluster as a storage for disks.'
  static override description =
    'A pool of the Ceph that runs on these nodes needs no --monhost. For another cluster give its monitors and a keyring.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> vms --pool vms --krbd',
    '<%= config.bin %> <%= command.id %> far --monhost 192.0.2.31,192.0.2.32 --pool vms --username pve --keyring-file ceph.client.pve.keyring',
  ]

  static override args = StorageAddCommand.args
  static override flags = {
    pool: Flags.string({description: 'The pool; rbd by default.', helpValue: 'POOL'}),
    'data-pool': Flags.string({description: 'An erasure-coded pool for the data.', helpValue: 'POOL'}),
    namespace: Flags.string({description: 'The namespace in the pool.', helpValue: 'NAME'}),
    monhost: Flags.string({description: 'The monitors of another Ceph cluster.', helpValue: 'HOST,HOST'}),
    username: Flags.string({description: 'Who uses it; admin by default.', helpValue: 'NAME'}),
    krbd: Flags.boolean({description: "Use the kernel's driver, also for VMs."}),
    ...addFlags('rbd'),
    ...keyringFlag,
  }

  protected readonly type = 'rbd'
}
