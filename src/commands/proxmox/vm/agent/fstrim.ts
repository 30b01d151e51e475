import {listFlags} from '../../../../cli/flags.js'
import {asBytes} from '../../../../cli/output/human.js'
import {VmAgentCommand} from '../../../../cli/vm-agent-command.js'
import type {Guest} from '../../../../domain/guest.js'
import type {AgentService} from '../../../../services/agent-service.js'

export default class VmAgentFstrim extends VmAgentCommand {
  static override summary = 'Give back the disk space that the file systems of a VM no longer need.'
  static override description =
    'Discards unused blocks of every mounted file system. The storage gets them back where the disk has "discard" switched on.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web --json',
  ]
  static override args = VmAgentCommand.args
  static override flags = listFlags

  protected async tell(agent: AgentService, vm: Guest): Promise<object> {
    const paths = await this.unwrap(agent.trim(vm))
    const trimmedBytes = paths.reduce((sum, path) => sum + (path.trimmedBytes ?? 0), 0)
    return this.present(
      {...this.about(vm), trimmedBytes, paths},
      {
        rows: paths,
        columns: [
          {key: 'path'},
          {key: 'trimmedBytes', header: 'TRIMMED', format: asBytes, align: 'right'},
          {key: 'error'},
        ],
        empty: 'the guest has no file system that can be trimmed',
      },
    )
  }
}
