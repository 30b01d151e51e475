import {NodeMaintenanceCommand} from '../../../../cli/node-maintenance-command.js'

export default class NodeMaintenanceOn extends NodeMaintenanceCommand {
  static override summary = 'Put a node under maintenance: the HA manager moves its guests elsewhere.'
  static override description =
    'There is no API for it: your OpenSSH runs ha-manager on the node, as the context says (ssh:). Guests that HA does not manage are a matter for "node drain".'
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1',
    '<%= config.bin %> <%= command.id %> pve1 --dry-run',
  ]

  protected readonly on = true
}
