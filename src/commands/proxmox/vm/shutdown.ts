import {Flags} from '@oclif/core'
import {durationFlag} from '../../../cli/flags.js'
import {guestActionFlags} from '../../../cli/guest-action-command.js'
import {GuestPowerCommand} from '../../../cli/guest-power-command.js'

export default class VmShutdown extends GuestPowerCommand {
  static override summary = 'Ask VMs to shut down, and wait until they have.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    '<%= config.bin %> <%= command.id %> web db --grace 2m --force',
    '<%= config.bin %> <%= command.id %> -l tag=dev --parallel 8 --yes',
  ]

  static override flags = {
    ...guestActionFlags,
    grace: durationFlag({description: 'How long a guest gets to shut down; Proxmox VE gives it 60s.'}),
    force: Flags.boolean({description: 'Pull the plug on what is still running then.'}),
  }

  protected readonly guestType = 'qemu'
  protected readonly verb = 'shutdown'
  protected readonly past = 'shut down'
  protected override readonly ask = 'selection'

  async run() {
    const {argv, flags} = await this.parse(VmShutdown)
    this.shutdownOptions = {
      ...(flags.grace !== undefined && {timeoutSeconds: Math.ceil(flags.grace / 1000)}),
      force: flags.force,
    }
    return this.perform(argv as string[], flags)
  }
}
