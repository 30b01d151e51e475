import {GuestMigrateCommand, lxcMigrateFlags} from '../../../cli/guest-migrate-command.js'

export default class LxcMigrate extends GuestMigrateCommand {
  static override summary = 'Move containers to another node; running ones are restarted.'
  static override description =
    'A running container cannot move: with --restart it is shut down, moved and started there.'
  static override hiddenAliases = ['proxmox:ct:migrate']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns --to pve2 --restart',
    '<%= config.bin %> <%= command.id %> playground --to pve1 --target-storage local-lvm',
  ]
  static override flags = lxcMigrateFlags

  protected readonly guestType = 'lxc'
}
