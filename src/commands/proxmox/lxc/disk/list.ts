import {GuestDiskListCommand} from '../../../../cli/guest-disk-list-command.js'

export default class LxcDiskList extends GuestDiskListCommand {
  static override summary = 'List the root file system and the mount points of a container.'
  static override description = 'With what is unused, and with what waits for the next start (PENDING).'
  static override hiddenAliases = ['proxmox:ct:disk:list']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    '<%= config.bin %> <%= command.id %> dns --columns key,sizeBytes,mountPath',
  ]
  static override args = GuestDiskListCommand.args

  protected readonly guestType = 'lxc'
}
