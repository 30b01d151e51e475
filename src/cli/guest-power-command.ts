import type {Result} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {Guest} from '../domain/guest.js'
import type {ShutdownOptions} from '../repositories/guest-repository.js'
import type {GuestChange, PowerVerb} from '../services/guest-service.js'
import type {Patience} from '../services/patience.js'
import {GuestActionCommand, type GuestActionFlags} from './guest-action-command.js'
import type {Services} from './services.js'

/** start, stop and shutdown: an already reached state is success. */
export abstract class GuestPowerCommand extends GuestActionCommand {
  protected abstract override readonly verb: PowerVerb
  protected shutdownOptions: ShutdownOptions = {}

  protected act(
    services: Services,
    guest: Guest,
    flags: GuestActionFlags,
    patience: Patience,
  ): PromiseLike<Result<GuestChange, Failure>> {
    return services.guests.power(this.verb, guest, {...this.shutdownOptions, wait: flags.wait}, patience)
  }
}
