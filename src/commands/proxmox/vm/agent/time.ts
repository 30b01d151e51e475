import {VmAgentQuestionCommand} from '../../../../cli/vm-agent-command.js'
import type {AgentAnswers} from '../../../../domain/agent-answer.js'
import type {Guest} from '../../../../domain/guest.js'

export default class VmAgentTime extends VmAgentQuestionCommand<'get-time'> {
  static override summary = 'Show the clock of a VM, and how far it is from ours.'
  static override description = 'The difference includes the time that the question took.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web --jq .aheadSeconds',
  ]
  static override args = VmAgentQuestionCommand.args

  protected readonly question = 'get-time'

  protected show({timeMs}: AgentAnswers['get-time'], vm: Guest): object {
    const time = new Date(timeMs).toISOString()
    const aheadSeconds = Math.round((timeMs - this.runtime.now()) / 100) / 10
    return this.present({...this.about(vm), time, aheadSeconds})
  }
}
