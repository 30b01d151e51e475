import {contains, isLinkLocal, isLoopback, isUnicast, isUniqueLocal, parseCidr, parseIp} from './ip-address.js'
import type {Cidr, IpFamily} from './ip-address.js'
import type {GuestType} from './guest.js'
import {naturalOrder} from './natural-order.js'
import {parsePropertyString} from './property-string.js'

/** Who says so: the agent in a VM, Proxmox VE looking into a container, or the static addresses of the configuration. */
export type AddressSource = 'agent' | 'config' | 'interfaces'

/** A network card as the configuration has it. */
export interface ConfiguredCard {
  /** `net0`. */
  readonly net: string
  readonly mac?: string
  /** What a container calls it inside. */
  readonly interface?: string
  /** Static addresses, `192.0.2.5/24`; neither `dhcp` nor `auto`. */
  readonly addresses: readonly string[]
}

/** An interface as it is inside the guest. Addresses may have a prefix length. */
export interface GuestInterface {
  readonly name: string
  readonly mac?: string
  /** The card it is, where that is known without looking at the hardware address. */
  readonly net?: string
  readonly addresses: readonly string[]
}

export interface GuestAddress {
  /** Without a prefix length. */
  readonly address: string
  readonly family: IpFamily
  readonly prefixLength?: number
  /** What the guest calls the interface. */
  readonly interface?: string
  /** Upper case, as Proxmox VE writes it. */
  readonly mac?: string
  /** The card it belongs to; absent for interfaces that only the guest knows, such as a tunnel. */
  readonly net?: string
  readonly source: AddressSource
}

/** Which of a guest's addresses are wanted. */
export interface AddressWish {
  /** The card, `net0`. */
  readonly net?: string
  readonly cidr?: Cidr
  readonly family?: IpFamily
  /** Also 169.254.0.0/16 and fe80::/10, which are left out otherwise unless `cidr` lies in them. */
  readonly linkLocal?: boolean
}

/** What programs in a guest make for themselves: bridges and cable ends of containers, of virtual machines, of networks between pods. */
const INTERNAL =
  /^(?:br-[\da-f]{6,}|cali[\da-f]|cbr\d|cilium|cni|crc|docker|dummy|flannel|fwbr|fwln|fwpr|ifb\d|kube-|lxcbr|lxdbr|nodelocaldns|podman|tap\d|veth|virbr|vmnet|vnet\d|weave)/i

/** The cards of a guest, by number, from its configuration. */
export function cardsOf(type: GuestType, config: Readonly<Record<string, unknown>>): ConfiguredCard[] {
  return Object.keys(config)
    .filter((key) => /^net\d+$/.test(key))
    .sort(naturalOrder)
    .map((net) => {
      const card = parsePropertyString(String(config[net]))
      const ips = type === 'lxc' ? card : parsePropertyString(String(config[`ipconfig${net.slice(3)}`] ?? ''))
      const mac = type === 'lxc' ? card.get('hwaddr') : macOf(card)
      const name = type === 'lxc' ? card.get('name') : undefined
      return {
        net,
        ...(mac !== undefined && {mac: mac.toUpperCase()}),
        ...(name !== undefined && {interface: name}),
        addresses: ['ip', 'ip6'].map((key) => ips.get(key) ?? '').filter((ip) => parseCidr(ip) !== undefined),
      }
    })
}

/** The static addresses of the configuration, as if the guest had told them. */
export function configuredInterfaces(cards: readonly ConfiguredCard[]): GuestInterface[] {
  return cards.map(({net, mac, addresses, interface: name}) => ({
    net,
    name: name ?? '',
    ...(mac !== undefined && {mac}),
    addresses,
  }))
}

/**
 * The addresses that match a wish, the right one first: by the number of the card, IPv4 before IPv6, those of the whole internet before those of a
 * site. Loopback never counts, nor what containers in the guest make for themselves. Interfaces of no card (tunnels, cards that were
 * given another hardware address) come after those of cards, unless the wish names a card.
 */
export function chooseAddresses(
  interfaces: readonly GuestInterface[],
  cards: readonly ConfiguredCard[],
  source: AddressSource,
  wish: AddressWish = {},
): GuestAddress[] {
  const netByMac = new Map(cards.flatMap(({mac, net}) => (mac === undefined ? [] : [[mac, net] as const])))
  const found = interfaces.flatMap((each) => addressesOf(each, netByMac, source)).filter((entry) => fits(entry, wish))
  const rank = ({net, family, address}: GuestAddress): readonly number[] => [
    net === undefined ? Number.MAX_SAFE_INTEGER : Number(net.slice(3)),
    isLinkLocalText(address) ? 1 : 0,
    family,
    isSiteText(address) ? 1 : 0,
  ]
  return found.sort((a, b) => compareRanks(rank(a), rank(b)))
}

function addressesOf(
  {name, mac: anyCase, net: known, addresses}: GuestInterface,
  netByMac: ReadonlyMap<string, string>,
  source: AddressSource,
): GuestAddress[] {
  const mac = anyCase?.toUpperCase()
  const net = known ?? (mac === undefined ? undefined : netByMac.get(mac))
  if (net === undefined && INTERNAL.test(name)) return []
  return addresses.flatMap((text) => {
    const [address = '', prefix] = text.split('/')
    const ip = parseIp(address)
    if (ip === undefined || !isUnicast(ip) || isLoopback(ip)) return []
    return {
      address,
      family: ip.family,
      ...(prefix !== undefined && {prefixLength: Number(prefix)}),
      ...(name !== '' && {interface: name}),
      ...(mac !== undefined && {mac}),
      ...(net !== undefined && {net}),
      source,
    }
  })
}

function fits({address, family, net}: GuestAddress, wish: AddressWish): boolean {
  const ip = parseIp(address)
  if (ip === undefined) return false
  if (wish.net !== undefined && net !== wish.net) return false
  if (wish.family !== undefined && family !== wish.family) return false
  if (wish.cidr !== undefined && !contains(wish.cidr, ip)) return false
  return !isLinkLocal(ip) || wish.linkLocal === true || (wish.cidr !== undefined && isLinkLocal(wish.cidr))
}

function isLinkLocalText(address: string): boolean {
  const ip = parseIp(address)
  return ip !== undefined && isLinkLocal(ip)
}

function isSiteText(address: string): boolean {
  const ip = parseIp(address)
  return ip !== undefined && isUniqueLocal(ip)
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0)
    if (difference !== 0) return difference
  }

  return 0
}

/** A VM's card is written `virtio=BC:24:…,bridge=…`, or with `macaddr`. */
function macOf(card: ReadonlyMap<string, string>): string | undefined {
  const written = card.get('macaddr')
  if (written !== undefined) return written
  return [...card.values()].find((value) => /^[\dA-F]{2}(?::[\dA-F]{2}){5}$/i.test(value))
}
