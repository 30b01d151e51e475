import {Flags} from '@oclif/core'
import type {Result} from 'neverthrow'

import {ListCommand} from '../../../cli/list-command.js'
import {nodeStorageColumns, storageColumns} from '../../../cli/storage-columns.js'
import {storageService} from '../../../cli/wiring/storage.js'
import type {Failure} from '../../../domain/failure.js'
import type {NodeStorageRow, StorageRow} from '../../../services/storage-service.js'

export default class StorageList extends ListCommand<NodeStorageRow | StorageRow, {readonly 'by-node': boolean}> {
  static override summary = 'List the storages, where they are and how full.'
  static override description =
    'The figures of a storage that is not shared are the sums over its nodes. "unknown" is one that a node does not find, or whose node is offline; "partly" one that only some of its nodes have. What Proxmox VE does not know is left out.'
  static override hiddenAliases = ['proxmox:storage:ls']
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --by-node --sort usedFraction:desc',
    "<%= config.bin %> <%= command.id %> --jq '.[] | select(.shared).storage'",
  ]

  static override flags = {
    'by-node': Flags.boolean({description: 'One line for each node that a storage is for.'}),
  }

  protected readonly noun = 'storages'
  protected override readonly ofCluster = true
  protected columns = storageColumns

  protected async fetch(flags: {
    readonly 'by-node': boolean
  }): Promise<Result<(NodeStorageRow | StorageRow)[], Failure>> {
    const storages = await this.use(storageService)
    if (!flags['by-node']) return storages.list()
    this.columns = nodeStorageColumns
    return storages.listByNode()
  }
}
