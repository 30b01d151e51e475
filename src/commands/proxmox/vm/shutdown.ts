import {GuestShutdownCommand} from '../../../cli/guest-shutdown-command.js'

export default class VmShutdown extends GuestShutdownCommand {
  static override summary = 'Ask VMs to shut down, and wait until they have.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web db --grace 2m --force',
    '<%= config.bin %> <%= command.id %> -l tag=dev --parallel 8 --yes',
  ]

  protected readonly guestType = 'qemu'
}
