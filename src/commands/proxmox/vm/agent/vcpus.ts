import {listFlags} from '../../../../cli/flags.js'
import {VmAgentQuestionCommand} from '../../../../cli/vm-agent-command.js'
import type {AgentAnswers} from '../../../../domain/agent-answer.js'

export default class VmAgentVcpus extends VmAgentQuestionCommand<'get-vcpus'> {
  static override summary = 'List the processors that a VM sees.'
  static override examples = ['<%= config.bin %> <%= command.id %> web']
  static override args = VmAgentQuestionCommand.args
  static override flags = listFlags

  protected readonly question = 'get-vcpus'

  protected show(rows: AgentAnswers['get-vcpus']): object {
    return this.present([...rows], {
      columns: [{key: 'id', header: 'CPU'}, {key: 'online'}, {key: 'canOffline', header: 'CAN GO OFFLINE'}],
    })
  }
}
