import {GuestCloneCommand} from '../../../cli/guest-clone-command.js'

export default class VmClone extends GuestCloneCommand {
  static override summary = 'Clone a VM or template.'
  static override description =
    'Copies SOURCE, running or not, or shares the disks of a template with --linked. To have the best node picked for a clone of a template, and things set on top, see: homelab proxmox vm create.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> web web-test',
    '<%= config.bin %> <%= command.id %> web web-before --snapshot before-upgrade',
    '<%= config.bin %> <%= command.id %> ubuntu-22.04 runner-1 --linked',
    '<%= config.bin %> <%= command.id %> git git-copy --target pve1 --storage nas --pool lab',
    {
      description: 'The same for a shell on the node',
      command: '<%= config.bin %> <%= command.id %> web copy --print-native',
    },
  ]

  static override args = GuestCloneCommand.args
  protected readonly guestType = 'qemu'
}
