import {GuestDiskReassignCommand} from '../../../../cli/guest-disk-release-commands.js'

export default class LxcDiskReassign extends GuestDiskReassignCommand {
  static override summary = 'Give a mount point to another container on the same node.'
  static override description = 'Nothing is copied. The container has to be stopped, unless the volume is unused.'
  static override hiddenAliases = ['proxmox:ct:disk:reassign']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns mp0 proxy',
    '<%= config.bin %> <%= command.id %> dns unused0 proxy',
  ]
  static override args = GuestDiskReassignCommand.args
  static override flags = GuestDiskReassignCommand.flags

  protected readonly guestType = 'lxc'
}
