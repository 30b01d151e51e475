import type {Result} from 'neverthrow'

import type {Failure} from '../domain/failure.js'
import type {Guest} from '../domain/guest.js'
import type {GuestChange, PowerOptions, PowerVerb} from '../services/guest-service.js'
import type {Patience} from '../services/patience.js'
import {GuestActionCommand, type GuestActionFlags} from './guest-action-command.js'
import type {Services} from './services.js'

/** start, stop and the like: a state that is reached already is success. */
export abstract class GuestPowerCommand<
  Flags extends GuestActionFlags = GuestActionFlags,
> extends GuestActionCommand<Flags> {
  // oclif collects inherited statics only up to the first class that has none of its own.
  static override args = GuestActionCommand.args

  protected abstract override readonly verb: PowerVerb

  /** What the verb's own flags ask for. */
  protected optionsFrom(_flags: Flags): PowerOptions {
    return {}
  }

  protected act(
    services: Services,
    guest: Guest,
    flags: Flags,
    patience: Patience,
  ): PromiseLike<Result<GuestChange, Failure>> {
    return services.guests.power(this.verb, guest, {...this.optionsFrom(flags), wait: flags.wait}, patience)
  }
}
