import {VmAgentQuestionCommand} from '../../../../cli/vm-agent-command.js'
import type {AgentAnswers} from '../../../../domain/agent-answer.js'
import type {Guest} from '../../../../domain/guest.js'

export default class VmAgentHostname extends VmAgentQuestionCommand<'get-host-name'> {
  static override summary = 'Print the host name that a VM has given itself.'
  static override examples = ['<%= config.bin %> <%= command.id %> web']
  static override args = VmAgentQuestionCommand.args

  protected readonly question = 'get-host-name'

  protected show({hostname}: AgentAnswers['get-host-name'], vm: Guest): object {
    return this.present({...this.about(vm), hostname}, {text: hostname})
  }
}
