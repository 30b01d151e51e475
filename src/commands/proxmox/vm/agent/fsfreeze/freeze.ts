import {VmFreezeCommand} from '../../../../../cli/vm-agent-command.js'

export default class VmAgentFsfreezeFreeze extends VmFreezeCommand {
  static override summary = 'Freeze the file systems of a VM, for a consistent copy of its disks.'
  static override description =
    'Everything written so far is put on the disks, and nothing in the guest can write until they are thawed. Programs that write hang meanwhile, so thaw them within seconds. Backups and snapshots of Proxmox VE freeze and thaw by themselves.'
  static override examples = ['<%= config.bin %> <%= command.id %> db']
  static override args = VmFreezeCommand.args

  protected readonly frozen = true
}
