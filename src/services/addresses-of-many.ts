import type {Failure} from '../domain/failure.js'
import type {Guest} from '../domain/guest.js'
import type {AddressService} from './address-service.js'
import {fanOut} from './fan-out.js'
import {NodeLimit} from './node-limit.js'

/** A guest with the addresses it has now; without them where it has none, or nobody knows. */
export type GuestWithAddresses = Guest & {readonly ipAddresses?: readonly string[]}

export interface UnknownAddresses {
  readonly guest: Guest
  readonly why: Failure
}

/**
 * Asks the running ones among guests for their addresses, at each node a few at a time. Nothing that goes wrong with one of them keeps the
 * others from being shown.
 */
export async function addressesOfMany(
  guests: readonly Guest[],
  addresses: Pick<AddressService, 'find'>,
  signal: AbortSignal,
): Promise<{readonly guests: GuestWithAddresses[]; readonly unknown: readonly UnknownAddresses[]}> {
  const limit = new NodeLimit()
  const running = guests.filter(({status}) => status === 'running')
  const done = await fanOut(
    running,
    ({vmid}) => String(vmid),
    (guest) => limit.run(guest.node, () => addresses.find(guest)),
    {parallel: Math.max(1, running.length), failFast: false, signal},
  )
  const found = new Map(done.map((result) => [Number(result.target), result]))
  return {
    guests: guests.map((guest) => {
      const result = found.get(guest.vmid)
      if (result?.ok !== true || result.value.addresses.length === 0) return guest
      return {...guest, ipAddresses: [...new Set(result.value.addresses.map(({address}) => address))]}
    }),
    unknown: running.flatMap((guest) => {
      const result = found.get(guest.vmid)
      return result?.ok === false ? [{guest, why: result.error}] : []
    }),
  }
}
