import {consoleFlags, ConsoleCommand, type ConsoleReport} from '../../../cli/console-command.js'
import {nodeArgument, nodeOf} from '../../../cli/node-argument.js'

export default class NodeConsole extends ConsoleCommand {
  static override summary = 'Open a shell on a node.'
  static override description = [
    'root@pam gets a shell of root at once, other users a login. API tokens get none: it takes a login with a password. Keys go to the node as they are, Ctrl-C too; Ctrl-] leaves, which ends the shell.',
    'Exit code 0 when the shell was left or has ended, 3 when the connection broke.',
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %> pve1',
    {
      command: 'echo "pveversion; exit" | <%= config.bin %> <%= command.id %> pve1 --stdin',
      description: 'Run a line there:',
    },
  ]
  static override args = nodeArgument
  static override flags = consoleFlags

  override async run(): Promise<ConsoleReport> {
    const {args, flags} = await this.parse(NodeConsole)
    return this.sit(flags, async (service) => {
      const node = this.unwrap(await this.use(nodeOf(args)))
      return service.openNode(node)
    })
  }
}
