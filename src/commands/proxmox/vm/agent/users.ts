import {listFlags} from '../../../../cli/flags.js'
import {VmAgentQuestionCommand} from '../../../../cli/vm-agent-command.js'
import type {AgentAnswers} from '../../../../domain/agent-answer.js'

export default class VmAgentUsers extends VmAgentQuestionCommand<'get-users'> {
  static override summary = 'List who is logged in to a VM.'
  static override examples = ['<%= config.bin %> <%= command.id %> web']
  static override args = VmAgentQuestionCommand.args
  static override flags = listFlags

  protected readonly question = 'get-users'

  protected show(rows: AgentAnswers['get-users']): object {
    return this.present([...rows], {
      columns: [{key: 'user'}, {key: 'loginTime', header: 'SINCE'}, {key: 'domain', default: false}],
      empty: 'nobody is logged in',
    })
  }
}
