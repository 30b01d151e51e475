import {Flags} from '@oclif/core'

import type {PowerOptions} from '../services/guest-service.js'
import {durationFlag} from './flags.js'
import {guestActionFlags, type GuestActionFlags} from './guest-action-command.js'
import {GuestPowerCommand} from './guest-power-command.js'

export interface ShutdownFlags extends GuestActionFlags {
  readonly grace?: number | undefined
  readonly force: boolean
}

/** Asks the guest itself to shut down. */
export abstract class GuestShutdownCommand extends GuestPowerCommand<ShutdownFlags> {
  static override flags = {
    ...guestActionFlags,
    grace: durationFlag({description: 'How long a guest gets to shut down; Proxmox VE gives it 60s.'}),
    force: Flags.boolean({description: 'Pull the plug on what is still running then.'}),
  }

  protected readonly verb = 'shutdown'
  protected readonly past = 'shut down'
  protected override readonly ask = 'selection'

  protected override optionsFrom({grace, force}: ShutdownFlags): PowerOptions {
    return {...(grace !== undefined && {timeoutSeconds: Math.ceil(grace / 1000)}), force}
  }
}
