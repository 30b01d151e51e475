import {GuestDiskMoveCommand, moveFlags} from '../../../../cli/guest-disk-move-command.js'

export default class LxcDiskMove extends GuestDiskMoveCommand {
  static override summary = 'Move the root file system or a mount point of a container to another storage.'
  static override description =
    'The container has to be stopped. The old volume stays as unusedN unless --delete-source is given.'
  static override hiddenAliases = ['proxmox:ct:disk:move']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns rootfs nas',
    '<%= config.bin %> <%= command.id %> dns mp0 nas --delete-source',
  ]
  static override args = GuestDiskMoveCommand.args
  static override flags = moveFlags

  protected readonly guestType = 'lxc'
}
