import {VmAgentQuestionCommand} from '../../../../cli/vm-agent-command.js'
import type {AgentAnswers} from '../../../../domain/agent-answer.js'
import type {Guest} from '../../../../domain/guest.js'

export default class VmAgentInfo extends VmAgentQuestionCommand<'info'> {
  static override summary = 'Show the version of the guest agent, and what it does and refuses to do.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web --jq .disabled[]',
  ]
  static override args = VmAgentQuestionCommand.args

  protected readonly question = 'info'

  protected show(info: AgentAnswers['info'], vm: Guest): object {
    return this.present({...this.about(vm), ...info})
  }
}
