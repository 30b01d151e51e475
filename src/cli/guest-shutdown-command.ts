import {Flags} from '@oclif/core'
import type {Result} from 'neverthrow'

import type {Failure} from '../domain/failure.js'
import type {Guest} from '../domain/guest.js'
import type {GuestChange} from '../services/guest-service.js'
import type {Patience} from '../services/patience.js'
import type {PowerOptions} from '../services/power-service.js'
import {durationFlag} from './flags.js'
import {GuestPowerCommand, powerFlags, type PowerFlags} from './guest-power-command.js'
import type {Services} from './services.js'

export interface ShutdownFlags extends PowerFlags {
  readonly grace?: number | undefined
  readonly force: boolean
}

/** What a task takes beside the time the guest gets. */
const MARGIN_MS = 60_000

/** Asks the guest itself to shut down. */
export abstract class GuestShutdownCommand extends GuestPowerCommand<ShutdownFlags> {
  static override flags = {
    ...powerFlags,
    grace: durationFlag({
      description: 'How long a guest gets to shut down; by default what its startup option says (down=), or 60s.',
    }),
    force: Flags.boolean({description: 'Pull the plug on what is still running then.'}),
  }

  protected readonly verb = 'shutdown'
  protected readonly past = 'shut down'
  protected override readonly ask = 'selection'

  protected override optionsFrom({grace, force}: ShutdownFlags): PowerOptions {
    return {...(grace !== undefined && {timeoutSeconds: Math.ceil(grace / 1000)}), force}
  }

  /** Who gives guests longer than the usual wait wants to wait as long. */
  protected override act(
    services: Services,
    guest: Guest,
    flags: ShutdownFlags,
    patience: Patience,
  ): Promise<Result<GuestChange, Failure>> {
    const longer = flags.timeout === undefined ? this.runtime.now() + (flags.grace ?? 0) + MARGIN_MS : 0
    return super.act(services, guest, flags, {...patience, deadline: Math.max(patience.deadline, longer)})
  }
}
