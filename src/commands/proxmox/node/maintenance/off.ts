import {NodeMaintenanceCommand} from '../../../../cli/node-maintenance-command.js'

export default class NodeMaintenanceOff extends NodeMaintenanceCommand {
  static override summary = 'End the maintenance of a node: the HA manager brings its guests back.'
  static override description =
    'There is no API for it: your OpenSSH runs ha-manager on the node, as the context says (ssh:). Guests that HA does not manage are a matter for "node return".'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1',
    '<%= config.bin %> <%= command.id %> pve1 --dry-run',
  ]

  protected readonly on = false
}
