import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {guestNoun, type Guest, type GuestType} from '../domain/guest.js'
import {ipsFlag, selectorFlag} from './flags.js'
import {addressColumns, guestColumns} from './guest-columns.js'
import {ListCommand} from './list-command.js'

interface GuestListFlags {
  readonly selector?: string[]
  readonly ips: boolean
}

/** `vm list` and `lxc list`: one request, unless addresses are wanted. */
export abstract class GuestListCommand extends ListCommand<Guest, GuestListFlags> {
  static override flags = {...selectorFlag, ...ipsFlag}

  protected abstract readonly guestType: GuestType
  protected override readonly ofCluster = true
  protected columns = guestColumns

  protected get noun(): string {
    return `${guestNoun(this.guestType)}s`
  }

  protected async fetch(flags: GuestListFlags): Promise<Awaited<ResultAsync<Guest[], Failure>>> {
    const services = await this.services()
    const listed = await services.guests.list(this.guestType, flags.selector)
    if (!flags.ips || listed.isErr()) return listed
    this.columns = addressColumns
    const {withAddresses} = await import('./guest-addresses.js')
    return listed.asyncMap((guests) =>
      withAddresses(this.guestType, guests, {note: (text) => this.note(text), services, signal: this.signal}),
    )
  }
}
