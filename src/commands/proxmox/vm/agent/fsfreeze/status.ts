import {VmAgentCommand} from '../../../../../cli/vm-agent-command.js'
import type {Guest} from '../../../../../domain/guest.js'
import type {AgentService} from '../../../../../services/agent-service.js'

export default class VmAgentFsfreezeStatus extends VmAgentCommand {
  static override summary = 'See whether the file systems of a VM are frozen.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> db',
    '<%= config.bin %> <%= command.id %> db --jq .frozen',
  ]
  static override args = VmAgentCommand.args

  protected async tell(agent: AgentService, vm: Guest): Promise<object> {
    const frozen = await this.unwrap(agent.isFrozen(vm))
    return this.present({...this.about(vm), frozen}, {text: frozen ? 'frozen' : 'thawed'})
  }
}
