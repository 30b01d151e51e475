import {GuestListCommand} from '../../../cli/guest-list-command.js'

export default class VmList extends GuestListCommand {
  static override summary = 'List the VMs of all nodes, templates included.'
  static override hiddenAliases = ['proxmox:vm:ls']
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> -l status=running,tag=dev --sort memoryBytes:desc',
    {
      description: 'Names of the VMs on one node',
      command: "<%= config.bin %> <%= command.id %> -l node=pve1 --jq '.[].name'",
    },
  ]

  protected readonly guestType = 'qemu'
}
