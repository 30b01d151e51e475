import {GuestDiskResizeCommand} from '../../../../cli/guest-disk-resize-command.js'

export default class LxcDiskResize extends GuestDiskResizeCommand {
  static override summary = 'Make the root file system or a mount point of a container larger.'
  static override description = 'Works while the container runs; its file system grows along. A volume cannot shrink.'
  static override hiddenAliases = ['proxmox:ct:disk:resize']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns rootfs +4GiB',
    '<%= config.bin %> <%= command.id %> dns mp0 40GiB',
  ]
  static override args = GuestDiskResizeCommand.args
  static override flags = GuestDiskResizeCommand.flags

  protected readonly guestType = 'lxc'
}
