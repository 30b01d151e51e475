import {listFlags} from '../../../../cli/flags.js'
import {asBytes} from '../../../../cli/output/human.js'
import {VmAgentQuestionCommand} from '../../../../cli/vm-agent-command.js'
import type {AgentAnswers} from '../../../../domain/agent-answer.js'

export default class VmAgentFsinfo extends VmAgentQuestionCommand<'get-fsinfo'> {
  static override summary = 'List the mounted file systems of a VM, and how full they are.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web --sort usedBytes:desc --json',
  ]
  static override args = VmAgentQuestionCommand.args
  static override flags = listFlags

  protected readonly question = 'get-fsinfo'

  protected show(rows: AgentAnswers['get-fsinfo']): object {
    return this.present([...rows], {
      columns: [
        {key: 'mountpoint'},
        {key: 'name', header: 'DEVICE'},
        {key: 'type'},
        {key: 'usedBytes', header: 'USED', format: asBytes, align: 'right'},
        {key: 'totalBytes', header: 'SIZE', format: asBytes, align: 'right'},
        {key: 'disks', default: false},
      ],
      empty: 'no file systems found',
    })
  }
}
