import {VmFreezeCommand} from '../../../../../cli/vm-agent-command.js'

export default class VmAgentFsfreezeThaw extends VmFreezeCommand {
  static override summary = 'Thaw the frozen file systems of a VM.'
  static override description = 'Does nothing where they are not frozen.'
  static override examples = ['<%= config.bin %> <%= command.id %> db']
  static override args = VmFreezeCommand.args

  protected readonly frozen = false
}
