import {Args, Flags} from '@oclif/core'
import type {Failure} from '../domain/failure.js'
import type {GuestAddress} from '../domain/guest-address.js'
import type {Guest, GuestType} from '../domain/guest.js'
import type {IpFamily} from '../domain/ip-address.js'
import {addressWishFlags, wishFrom, type AddressWishFlags} from './address-flags.js'
import {BaseCommand} from './base-command.js'
import {addressService} from './wiring/address.js'

export const ipFlags = {
  ...addressWishFlags,
  family: Flags.option({options: ['4', '6'] as const})({
    description: 'IPv4 or IPv6; by default IPv4 comes first.',
    helpGroup: 'ADDRESS',
  }),
  all: Flags.boolean({description: 'All that match, one on a line, instead of the right one.'}),
  'link-local': Flags.boolean({description: 'Also fe80::/10 and 169.254.0.0/16.', helpGroup: 'ADDRESS'}),
}

interface IpFlags extends AddressWishFlags {
  readonly family?: '4' | '6' | undefined
  readonly all: boolean
  readonly 'link-local': boolean
}

/** The address of a guest: what a script puts after ssh or curl. */
export abstract class GuestIpCommand extends BaseCommand {
  static override args = {name: Args.string({description: 'Name or VMID.', required: true})}

  protected abstract readonly guestType: GuestType

  override async run(): Promise<object> {
    const {args, flags: values} = await this.parse()
    const flags = values as unknown as IpFlags
    const wish = {
      ...wishFrom(flags),
      ...(flags.family !== undefined && {family: Number(flags.family) as IpFamily}),
      ...(flags['link-local'] && {linkLocal: true}),
    }
    const {guests} = await this.services()
    const addresses = await this.use(addressService)
    const guest = await this.unwrap(guests.find(this.guestType, String(args.name)))
    if (!flags.all) {
      const {address, insteadOf} = await this.unwrap(addresses.first(guest, wish))
      this.explain(insteadOf)
      return this.present(documentOf(guest, address), {text: address.address})
    }

    const found = await this.unwrap(addresses.find(guest, wish))
    this.explain(found.insteadOf)
    return this.present(
      found.addresses.map((address) => documentOf(guest, address)),
      {text: found.addresses.map(({address}) => address).join('\n'), empty: 'no address matches'},
    )
  }

  /** Where an address comes from that the guest did not tell. */
  private explain(insteadOf: Failure | undefined): void {
    if (insteadOf !== undefined) this.note(`from the configuration, because: ${insteadOf.message}`)
  }
}

function documentOf({vmid, name, type}: Guest, address: GuestAddress): object {
  return {vmid, ...(name !== undefined && {name}), type, ...address}
}
