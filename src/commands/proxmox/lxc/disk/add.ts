import {containerPlaceFlags, GuestDiskAddCommand, overcommitFlag} from '../../../../cli/guest-disk-place-command.js'

export default class LxcDiskAdd extends GuestDiskAddCommand {
  static override summary = 'Add a new volume to a container, mounted at a path.'
  static override description =
    'A running container gets it at once. Options: backup, ro, quota, acl, replicate=no, mountoptions=noatime.'
  static override hiddenAliases = ['proxmox:ct:disk:add']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns local-lvm:8GiB --mount /data',
    '<%= config.bin %> <%= command.id %> dns local-lvm:8GiB,backup,ro --mount /srv/www --slot mp3',
  ]
  static override args = GuestDiskAddCommand.args
  static override flags = {...containerPlaceFlags, ...overcommitFlag}

  protected readonly guestType = 'lxc'
}
