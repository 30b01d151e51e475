import {GuestMigrateCommand, vmMigrateFlags} from '../../../cli/guest-migrate-command.js'

export default class VmMigrate extends GuestMigrateCommand {
  static override summary = 'Move VMs to another node; what runs goes on running.'
  static override description =
    'Proxmox VE is asked first what is against it. A VM under high availability counts as moved once it is there, not when the wish is queued.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web --to pve2',
    {description: 'To the best other node', command: '<%= config.bin %> <%= command.id %> web'},
    '<%= config.bin %> <%= command.id %> db --to pve3 --with-local-disks --target-storage local-lvm',
    '<%= config.bin %> <%= command.id %> -l node=pve1,tag=web --to pve2 --yes',
    {description: 'What would happen', command: '<%= config.bin %> <%= command.id %> web --to pve2 --dry-run'},
  ]
  static override flags = vmMigrateFlags

  protected readonly guestType = 'qemu'
}
