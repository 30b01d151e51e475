import {nodeOffFlags, NodePowerCommand} from '../../../cli/node-power-command.js'

export default class NodeShutdown extends NodePowerCommand {
  static override summary = 'Switch a node off, and wait until it is.'
  static override description =
    'Refused while guests run there, unless a drain left them there on purpose, and when the cluster would lose its quorum; --force does it all the same. Switch it on again with node wake, where its wake-on-LAN address is configured.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1',
    '<%= config.bin %> <%= command.id %> pve1 --yes',
  ]
  static override args = NodePowerCommand.args
  static override flags = nodeOffFlags

  protected readonly verb = 'shutdown' as const
}
