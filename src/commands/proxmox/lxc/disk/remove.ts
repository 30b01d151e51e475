import {GuestDiskRemoveCommand} from '../../../../cli/guest-disk-release-commands.js'

export default class LxcDiskRemove extends GuestDiskRemoveCommand {
  static override summary = 'Destroy a mount point of a container and everything on it.'
  static override description = 'What is mounted can be removed only while the container is stopped.'
  static override hiddenAliases = ['proxmox:ct:disk:remove']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns unused0',
    '<%= config.bin %> <%= command.id %> dns mp0 --yes',
  ]
  static override args = GuestDiskRemoveCommand.args
  static override flags = GuestDiskRemoveCommand.flags

  protected readonly guestType = 'lxc'
}
