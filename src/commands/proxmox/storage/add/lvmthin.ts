import {Flags} from '@oclif/core'

import {StorageAddCommand} from '../../../../cli/storage-add-command.js'
import {addFlags} from '../../../../cli/storage-flags.js'

export default class StorageAddLvmthin extends StorageAddCommand {
  static override summary = 'Add an LVM thin pool as a storage.'
  static override description =
    'Disks take what is written to them: together they may promise more than there is. The pool has to be on each of the nodes.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> local-thin --vgname pve --thinpool data',
    '<%= config.bin %> <%= command.id %> fast --vgname fast --thinpool data --nodes pve1,pve2',
  ]

  static override args = StorageAddCommand.args
  static override flags = {
    vgname: Flags.string({description: 'The volume group.', helpValue: 'NAME', required: true}),
    thinpool: Flags.string({description: 'The thin pool in it.', helpValue: 'NAME', required: true}),
    ...addFlags('lvmthin'),
  }

  protected readonly type = 'lvmthin'
}
