import {UnavailableCommand} from '../../../cli/unavailable-command.js'

export default class LxcResume extends UnavailableCommand {
  static override summary = 'Say why containers cannot be suspended and resumed.'
  static override hiddenAliases = ['proxmox:ct:resume']
  static override examples = ['<%= config.bin %> <%= command.id %> dns']

  protected readonly why =
    'containers cannot be suspended and resumed: Proxmox VE has the calls, but its checkpoints fail in every release so far'

  protected readonly instead = 'Start it instead: homelab proxmox lxc start NAME'
}
