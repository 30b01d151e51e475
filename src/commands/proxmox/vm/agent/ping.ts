import {VmAgentCommand} from '../../../../cli/vm-agent-command.js'
import type {Guest} from '../../../../domain/guest.js'
import type {AgentService} from '../../../../services/agent-service.js'

export default class VmAgentPing extends VmAgentCommand {
  static override summary = 'See whether the guest agent of a VM answers.'
  static override description =
    'Ends with 0 when it does. When it does not (exit 6), the message tells whether the agent is not switched on in the configuration, the VM does not run, or nobody answers in it, and what helps.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web --json',
  ]
  static override args = VmAgentCommand.args

  protected async tell(agent: AgentService, vm: Guest): Promise<object> {
    await this.unwrap(agent.ping(vm))
    return this.present(
      {...this.about(vm), answering: true},
      {text: `the guest agent of ${vm.name ?? vm.vmid} answers`},
    )
  }
}
