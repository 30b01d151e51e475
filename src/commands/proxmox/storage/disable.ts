import {StorageSwitchCommand} from '../../../cli/storage-switch-command.js'

export default class StorageDisable extends StorageSwitchCommand {
  static override summary = 'Keep the nodes from using storages.'
  static override description =
    'Nothing is unmounted, and guests that run go on; those with disks there cannot be started, saved or moved until the storage is enabled again.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> nas',
    '<%= config.bin %> <%= command.id %> nas vault',
  ]

  static override args = StorageSwitchCommand.args
  static override flags = StorageSwitchCommand.flags

  protected readonly enabled = false
}
