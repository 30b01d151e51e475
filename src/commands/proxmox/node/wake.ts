import {dryRunFlag, waitFlags} from '../../../cli/flags.js'
import {NodePowerCommand} from '../../../cli/node-power-command.js'

export default class NodeWake extends NodePowerCommand {
  static override summary = 'Switch a node on with a wake-on-LAN packet, and wait until it is back.'
  static override description =
    'The other nodes send it, to the address in the configuration of the node. Back means that the node has booted, is a member of the cluster again, and reports figures.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1',
    '<%= config.bin %> <%= command.id %> pve1 --no-wait',
  ]
  static override args = NodePowerCommand.args
  static override flags = {...waitFlags, ...dryRunFlag}

  protected readonly verb = 'wake' as const
}
