import {Flags} from '@oclif/core'
import {GuestPowerCommand, powerFlags, type PowerFlags} from '../../../cli/guest-power-command.js'
import type {PowerOptions} from '../../../services/power-service.js'

interface SuspendFlags extends PowerFlags {
  readonly disk: boolean
}

export default class VmSuspend extends GuestPowerCommand<SuspendFlags> {
  static override summary = 'Suspend VMs: pause them in memory, or hibernate them to disk.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    {
      description: 'Free its memory, and go on later where it was',
      command: '<%= config.bin %> <%= command.id %> web --disk',
    },
  ]

  static override flags = {
    ...powerFlags,
    disk: Flags.boolean({description: 'Save the memory to disk and stop; resume or start goes on from there.'}),
  }

  protected readonly guestType = 'qemu'
  protected readonly verb = 'suspend'
  protected readonly past = 'suspended'
  protected override readonly ask = 'selection'

  protected override optionsFrom({disk}: SuspendFlags): PowerOptions {
    return {toDisk: disk}
  }
}
