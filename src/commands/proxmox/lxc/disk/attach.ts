import {containerPlaceFlags, GuestDiskAttachCommand} from '../../../../cli/guest-disk-place-command.js'

export default class LxcDiskAttach extends GuestDiskAttachCommand {
  static override summary = 'Mount a volume that exists in a container.'
  static override description = "One of the container's own volumes, as detaching leaves them behind."
  static override hiddenAliases = ['proxmox:ct:disk:attach']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns unused0 --mount /data',
    '<%= config.bin %> <%= command.id %> dns local-lvm:vm-200-disk-1,ro --mount /data --slot mp1',
  ]
  static override args = GuestDiskAttachCommand.args
  static override flags = containerPlaceFlags

  protected readonly guestType = 'lxc'
}
