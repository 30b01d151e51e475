import {VmAgentCommand} from '../../../../cli/vm-agent-command.js'
import type {Guest} from '../../../../domain/guest.js'
import type {AgentService} from '../../../../services/agent-service.js'

export default class VmAgentShutdown extends VmAgentCommand {
  static override summary = 'Ask a VM through its agent to shut down, without waiting.'
  static override description =
    'The guest is told, and nothing is waited for. To shut down and see it through use "vm shutdown", which goes through the agent too where it is switched on.'
  static override examples = ['<%= config.bin %> <%= command.id %> web']
  static override args = VmAgentCommand.args

  protected async tell(agent: AgentService, vm: Guest): Promise<object> {
    await this.unwrap(agent.shutdown(vm))
    return this.present({...this.about(vm), requested: true}, {text: `${vm.name ?? vm.vmid} was asked to shut down`})
  }
}
