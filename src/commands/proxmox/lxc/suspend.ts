import {UnavailableCommand} from '../../../cli/unavailable-command.js'

export default class LxcSuspend extends UnavailableCommand {
  static override summary = 'Say why containers cannot be suspended and resumed.'
  static override hiddenAliases = ['proxmox:ct:suspend']
  static override examples = ['<%= config.bin %> <%= command.id %> dns']

  protected readonly why =
    'containers cannot be suspended and resumed: Proxmox VE has the calls, but its checkpoints fail in every release so far'

  protected readonly instead = 'Shut it down instead: homelab proxmox lxc shutdown NAME'
}
