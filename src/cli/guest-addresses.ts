import type {Guest, GuestType} from '../domain/guest.js'
import {guestNoun} from '../domain/guest.js'
import {addressesOfMany, type GuestWithAddresses, type UnknownAddresses} from '../services/addresses-of-many.js'
import type {Services} from './services.js'
import {addressService} from './wiring/address.js'

/** How many of those without an answer are named. */
const NAMED = 3

/** Guests with their addresses, and a remark on those that nobody could tell. */
export async function withAddresses<G extends Guest>(
  type: GuestType,
  guests: readonly G[],
  {note, services, signal}: {note: (text: string) => void; services: Services; signal: AbortSignal},
): Promise<(G & GuestWithAddresses)[]> {
  const found = await addressesOfMany(guests, addressService(services), signal)
  if (found.unknown.length > 0) note(remark(type, found.unknown))
  return found.guests as (G & GuestWithAddresses)[]
}

function remark(type: GuestType, unknown: readonly UnknownAddresses[]): string {
  const named = unknown.slice(0, NAMED).map(({guest, why}) => `${guest.name ?? guest.vmid} (${reasonOf(why)})`)
  const more = unknown.length > NAMED ? ` and ${unknown.length - NAMED} more` : ''
  const noun = `running ${guestNoun(type)}${unknown.length === 1 ? '' : 's'}`
  return `the addresses of ${unknown.length} ${noun} are not known: ${named.join(', ')}${more}`
}

function reasonOf({details, message}: UnknownAddresses['why']): string {
  switch (details?.['reason']) {
    case 'agent-not-configured': {
      return 'its guest agent is not switched on'
    }

    case 'agent-not-answering': {
      return 'its guest agent does not answer'
    }

    default: {
      return message
    }
  }
}
