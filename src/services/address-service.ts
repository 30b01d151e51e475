import {err, errAsync, ok, okAsync, type Result, type ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {
  cardsOf,
  chooseAddresses,
  configuredInterfaces,
  type AddressSource,
  type AddressWish,
  type ConfiguredCard,
  type GuestAddress,
  type GuestInterface,
} from '../domain/guest-address.js'
import {guestLabel} from '../domain/guest.js'
import type {AddressRepository} from '../repositories/address-repository.js'
import type {GuestRef, GuestRepository} from '../repositories/guest-repository.js'
import {withRemedy} from './agent-service.js'
import {compareReleases, type ReleaseGate} from './release-gate.js'

export interface GuestAddresses {
  /** Those that match, the right one first. */
  readonly addresses: readonly GuestAddress[]
  readonly source: AddressSource
  /** Why the guest itself was not asked or did not answer; the addresses are those of its configuration then. */
  readonly insteadOf?: Failure
}

/** Which addresses a guest has. */
export class AddressService {
  constructor(
    private readonly guests: Pick<GuestRepository, 'config'>,
    private readonly interfaces: Pick<AddressRepository, 'ofContainer' | 'ofVm'>,
    private readonly releases: Pick<ReleaseGate, 'release'>,
  ) {}

  /**
   * The addresses that match, which may be none. A VM's agent tells them, or the node that a container runs on (8.1 and later); where those don't
   * answer, the static addresses of the configuration stand in.
   * @returns the agent's failure (`agent-not-configured`, `agent-not-answering`, `not-running`) when nothing in the configuration matches either
   */
  find(guest: GuestRef, wish: AddressWish = {}): ResultAsync<GuestAddresses, Failure> {
    return this.guests.config(guest).andThen((config) => {
      const cards = cardsOf(guest.type, config)
      if (wish.net !== undefined && !cards.some(({net}) => net === wish.net)) {
        return errAsync(unknownCard(guest, wish.net, cards))
      }

      const source = guest.type === 'qemu' ? 'agent' : 'interfaces'
      return this.ask(guest)
        .map((interfaces): GuestAddresses => {
          return {addresses: chooseAddresses(interfaces, cards, source, wish), source}
        })
        .orElse((why) => fromConfiguration(cards, wish, why))
    })
  }

  /** The one address that is right. @returns `not-found` where none matches */
  first(
    guest: GuestRef,
    wish: AddressWish = {},
  ): ResultAsync<{readonly address: GuestAddress; readonly insteadOf?: Failure}, Failure> {
    return this.find(guest, wish).andThen(({addresses: [address], insteadOf}) =>
      address === undefined ? err(noAddress(guest, wish)) : ok({address, ...(insteadOf !== undefined && {insteadOf})}),
    )
  }

  /** What runs in the guest or around it is asked; a failure means that it could not tell. */
  private ask(guest: GuestRef): ResultAsync<GuestInterface[], Failure> {
    if (guest.type === 'qemu') return this.interfaces.ofVm(guest).mapErr((failed) => withRemedy(failed, guest))
    return this.releases
      .release()
      .andThen((release) =>
        compareReleases(release, '8.1') < 0
          ? errAsync(
              failure('not-supported', `Proxmox VE ${release} does not tell the addresses of containers; 8.1 does`, {
                hint: 'Give it a static address in its configuration, or upgrade the server',
                details: {reason: 'release', release, since: '8.1'},
              }),
            )
          : this.interfaces.ofContainer(guest),
      )
      .andThen((found) =>
        found.length > 0
          ? okAsync(found)
          : errAsync(
              failure('conflict', `${guestLabel(guest)} is not running`, {
                hint: `Start it first: homelab proxmox lxc start ${guest.name ?? guest.vmid}`,
                details: {reason: 'not-running'},
              }),
            ),
      )
  }
}

/** These say that the guest could not be asked; any other failure is one of the way to the server or of rights, and stays. */
const NOT_TOLD: ReadonlySet<unknown> = new Set([
  'agent-command-disabled',
  'agent-not-answering',
  'agent-not-configured',
  'not-running',
  'release',
])

function fromConfiguration(
  cards: readonly ConfiguredCard[],
  wish: AddressWish,
  why: Failure,
): Result<GuestAddresses, Failure> {
  if (!NOT_TOLD.has(why.details?.reason)) return err(why)
  const addresses = chooseAddresses(configuredInterfaces(cards), cards, 'config', wish)
  return addresses.length === 0 ? err(why) : ok({addresses, source: 'config', insteadOf: why})
}

function unknownCard(guest: GuestRef, net: string, cards: readonly ConfiguredCard[]): Failure {
  const has = cards.length === 0 ? 'none' : cards.map((card) => card.net).join(', ')
  return failure('not-found', `${guestLabel(guest)} has no network card ${net}`, {
    hint: `It has ${has}`,
    details: {net, cards: cards.map((card) => card.net)},
  })
}

function noAddress(guest: GuestRef, {net, cidr, family}: AddressWish): Failure {
  const asked = [
    ...(net === undefined ? [] : [` on ${net}`]),
    ...(cidr === undefined ? [] : [' in that network']),
  ].join('')
  const kind = family === undefined ? 'address' : `IPv${family} address`
  return failure('not-found', `${guestLabel(guest)} has no ${kind}${asked} yet`, {
    hint: 'Its network may still be coming up, or wait for a lease. See all of them: --all --link-local',
    details: {reason: 'no-address'},
  })
}
