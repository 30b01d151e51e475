import {nodeOffFlags, NodePowerCommand} from '../../../cli/node-power-command.js'

export default class NodeReboot extends NodePowerCommand {
  static override summary = 'Reboot a node, and wait until it is back.'
  static override description =
    'Refused while guests run there, unless a drain left them there on purpose, and when the cluster would lose its quorum; --force does it all the same. Back means that the node has booted anew, is a member of the cluster again, and reports figures.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1',
    '<%= config.bin %> <%= command.id %> pve1 --yes',
  ]
  static override args = NodePowerCommand.args
  static override flags = nodeOffFlags

  protected readonly verb = 'reboot' as const
}
