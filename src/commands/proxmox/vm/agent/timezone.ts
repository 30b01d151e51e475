import {VmAgentQuestionCommand} from '../../../../cli/vm-agent-command.js'
import type {AgentAnswers} from '../../../../domain/agent-answer.js'
import type {Guest} from '../../../../domain/guest.js'

export default class VmAgentTimezone extends VmAgentQuestionCommand<'get-timezone'> {
  static override summary = 'Show the time zone of a VM.'
  static override examples = ['<%= config.bin %> <%= command.id %> web']
  static override args = VmAgentQuestionCommand.args

  protected readonly question = 'get-timezone'

  protected show(zone: AgentAnswers['get-timezone'], vm: Guest): object {
    return this.present({...this.about(vm), ...zone})
  }
}
