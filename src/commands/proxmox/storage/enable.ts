import {StorageSwitchCommand} from '../../../cli/storage-switch-command.js'

export default class StorageEnable extends StorageSwitchCommand {
  static override summary = 'Let the nodes use storages again.'
  static override description =
    'Afterwards each node is asked what it makes of them; one that cannot use them is told in a warning (exit 9).'
  static override examples = [
    '<%= config.bin %> <%= command.id %> nas',
    '<%= config.bin %> <%= command.id %> nas vault',
  ]

  static override args = StorageSwitchCommand.args
  static override flags = StorageSwitchCommand.flags

  protected readonly enabled = true
}
