import {VmAgentQuestionCommand} from '../../../../cli/vm-agent-command.js'
import type {AgentAnswers} from '../../../../domain/agent-answer.js'
import type {Guest} from '../../../../domain/guest.js'

export default class VmAgentOsinfo extends VmAgentQuestionCommand<'get-osinfo'> {
  static override summary = 'Show which operating system runs in a VM.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web --jq .os.prettyName',
  ]
  static override args = VmAgentQuestionCommand.args

  protected readonly question = 'get-osinfo'

  protected show(os: AgentAnswers['get-osinfo'], vm: Guest): object {
    return this.present({...this.about(vm), os})
  }
}
