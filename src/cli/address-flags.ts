import {Flags} from '@oclif/core'
import {err, ok} from 'neverthrow'

import {failure} from '../domain/failure.js'
import type {AddressWish} from '../domain/guest-address.js'
import {parseCidr, type Cidr} from '../domain/ip-address.js'
import {parsedBy} from './flags.js'

const cardFlag = Flags.custom<string>({
  helpValue: 'N',
  parse: parsedBy((text) => {
    const number = /^(?:net)?(\d{1,2})$/.exec(text)?.[1]
    return number === undefined
      ? err(failure('usage', `"${text}" is no network card`, {hint: 'write its number, as in --net 1 or --net net1'}))
      : ok(`net${Number(number)}`)
  }),
})

const networkFlag = Flags.custom<Cidr>({
  helpValue: 'CIDR',
  parse: parsedBy((text) => {
    const network = parseCidr(text)
    return network === undefined
      ? err(failure('usage', `"${text}" is no network`, {hint: 'write it like 192.0.2.0/24 or 2001:db8::/64'}))
      : ok(network)
  }),
})

/** Which of a guest's addresses is meant. */
export const addressWishFlags = {
  net: cardFlag({description: 'Take an address of this network card: 0, 1 …', helpGroup: 'ADDRESS'}),
  cidr: networkFlag({description: 'Take an address in this network.', helpGroup: 'ADDRESS'}),
}

export interface AddressWishFlags {
  readonly net?: string | undefined
  readonly cidr?: Cidr | undefined
}

export function wishFrom({cidr, net}: AddressWishFlags): AddressWish {
  return {...(net !== undefined && {net}), ...(cidr !== undefined && {cidr})}
}
