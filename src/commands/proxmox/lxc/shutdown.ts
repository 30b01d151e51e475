import {GuestShutdownCommand} from '../../../cli/guest-shutdown-command.js'

export default class LxcShutdown extends GuestShutdownCommand {
  static override summary = 'Ask containers to shut down, and wait until they have.'
  static override hiddenAliases = ['proxmox:ct:shutdown']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    '<%= config.bin %> <%= command.id %> dns proxy --grace 2m --force',
    '<%= config.bin %> <%= command.id %> -l tag=dev --parallel 8 --yes',
  ]

  protected readonly guestType = 'lxc'
}
