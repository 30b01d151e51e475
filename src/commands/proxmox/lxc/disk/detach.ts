import {GuestDiskDetachCommand} from '../../../../cli/guest-disk-release-commands.js'

export default class LxcDiskDetach extends GuestDiskDetachCommand {
  static override summary = 'Take a mount point out of a container and keep its volume.'
  static override description =
    'The volume stays with the container as unusedN, and can be attached again, given away or removed.'
  static override hiddenAliases = ['proxmox:ct:disk:detach']
  static override examples = ['<%= config.bin %> <%= command.id %> dns mp0']
  static override args = GuestDiskDetachCommand.args
  static override flags = GuestDiskDetachCommand.flags

  protected readonly guestType = 'lxc'
}
