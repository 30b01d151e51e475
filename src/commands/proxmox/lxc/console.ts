import {consoleFlags} from '../../../cli/console-command.js'
import {GuestConsoleCommand} from '../../../cli/guest-console-command.js'

export default class LxcConsole extends GuestConsoleCommand {
  static override summary = 'Sit down at the console of a container.'
  static override description = [
    'Keys go to the container as they are, Ctrl-C too; Ctrl-] leaves, and what runs there goes on. The console asks for a login.',
    'Exit code 0 when the console was left or has ended, 3 when the connection broke. Before Proxmox VE 9 a console takes no API token but a login with a password.',
  ].join('\n\n')
  static override hiddenAliases = ['proxmox:ct:console']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns',
    '<%= config.bin %> <%= command.id %> dns --escape ctrl-a',
    {
      command: 'echo | <%= config.bin %> <%= command.id %> dns --stdin',
      description: 'Press Enter and see what comes:',
    },
  ]
  static override flags = consoleFlags

  protected readonly guestType = 'lxc'
  protected override readonly advice = 'Press Enter if nothing shows'
}
