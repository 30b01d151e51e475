import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {guestNoun, type Guest, type GuestType} from '../domain/guest.js'
import {selectorFlag} from './flags.js'
import {guestColumns} from './guest-columns.js'
import {ListCommand} from './list-command.js'

interface GuestListFlags {
  readonly selector?: string[]
}

/** `vm list` and `lxc list`: one request. */
export abstract class GuestListCommand extends ListCommand<Guest, GuestListFlags> {
  static override flags = selectorFlag

  protected abstract readonly guestType: GuestType
  protected readonly columns = guestColumns

  protected get noun(): string {
    return `${guestNoun(this.guestType)}s`
  }

  protected fetch(flags: GuestListFlags): PromiseLike<Awaited<ResultAsync<Guest[], Failure>>> {
    return this.services().then((services) => services.guests.list(this.guestType, flags.selector))
  }
}
