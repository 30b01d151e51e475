import {Flags} from '@oclif/core'

import {consoleFlags} from '../../../cli/console-command.js'
import {GuestConsoleCommand} from '../../../cli/guest-console-command.js'

export default class VmConsole extends GuestConsoleCommand {
  static override summary = 'Sit down at the serial console of a VM.'
  static override description = [
    'Keys go to the VM as they are, Ctrl-C too; Ctrl-] leaves. The VM needs a serial port (vm config set NAME serial0=socket, then a restart) and has to use it, as cloud images do: console=ttyS0 on its kernel command line, a getty on ttyS0. A serial port does not know how large the screen is: stty rows and columns tell it.',
    'Exit code 0 when the console was left or has ended, 3 when the connection broke. Before Proxmox VE 9 a console takes no API token but a login with a password.',
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web --serial serial1 --escape ctrl-a',
    {
      command: 'echo | <%= config.bin %> <%= command.id %> web --stdin',
      description: 'Press Enter and see what comes:',
    },
  ]
  static override flags = {
    ...consoleFlags,
    serial: Flags.option({options: ['serial0', 'serial1', 'serial2', 'serial3'] as const})({
      description: 'Serial port, where the VM has several; by default that of its display, or the first.',
    }),
  }

  protected readonly guestType = 'qemu'
  protected override readonly advice = 'Press Enter if nothing shows'
}
