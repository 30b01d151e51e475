import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import {guestLabel, type Guest, type GuestType} from './guest.js'
import {hasSetting, pendingMark, settingKeys, type GuestSettings, type PendingMark} from './guest-settings.js'
import {naturalOrder} from './natural-order.js'
import {NIC_MODELS, type NetSpec} from './net-spec.js'
import {splitPropertyString} from './property-string.js'
import {closest} from './suggest.js'

/** A network card of a VM, or a network interface of a container, as the configuration tells it. */
export interface NicLine {
  readonly key: string
  /** VMs: what QEMU pretends that it is. */
  readonly model?: string
  /** Containers: its name inside, as `eth0`. */
  readonly interface?: string
  readonly mac?: string
  readonly bridge?: string
  /** Proxmox VE calls it `tag`. */
  readonly vlan?: number
  /** VLANs that pass with their tags, as `10;20-25`. */
  readonly trunks?: string
  readonly firewall: boolean
  /** The cable is pulled. */
  readonly linkDown: boolean
  /** MB/s. */
  readonly rateMegabytesPerSecond?: number
  readonly mtu?: number
  readonly queues?: number
  /** Containers: `dhcp`, `manual`, or an address with its prefix. */
  readonly ip?: string
  readonly gateway?: string
  readonly ip6?: string
  readonly gateway6?: string
}

export interface GuestNic extends NicLine {
  /** What waits for the next start. */
  readonly pending?: PendingMark
  /** What it will be, for a change that waits. */
  readonly next?: NicLine
}

/** How many a guest can have (reference 2.1). */
const NICS = 32

/** A line of the configuration by the names Proxmox VE gives its options; a VM's model and address are `model` and `macaddr`. */
export function netOptions(type: GuestType, value: string): Map<string, string> {
  const options = new Map<string, string>()
  for (const {key, value: text} of splitPropertyString(value)) {
    const name = key ?? text
    if (type === 'qemu' && (NIC_MODELS as readonly string[]).includes(name)) {
      options.set('model', name)
      if (key !== undefined) options.set('macaddr', text)
    } else options.set(key ?? '', text)
  }

  return options
}

export function readNic(type: GuestType, key: string, value: string): NicLine {
  const options = netOptions(type, value)
  const text = (name: string, as: string) => (options.has(name) ? {[as]: options.get(name)} : {})
  const number = (name: string, as: string) => (options.has(name) ? {[as]: Number(options.get(name))} : {})
  return {
    key,
    ...text('model', 'model'),
    ...text('name', 'interface'),
    ...text(type === 'qemu' ? 'macaddr' : 'hwaddr', 'mac'),
    ...text('bridge', 'bridge'),
    ...number('tag', 'vlan'),
    ...text('trunks', 'trunks'),
    firewall: options.get('firewall') === '1',
    linkDown: options.get('link_down') === '1',
    ...number('rate', 'rateMegabytesPerSecond'),
    ...number('mtu', 'mtu'),
    ...number('queues', 'queues'),
    ...text('ip', 'ip'),
    ...text('gw', 'gateway'),
    ...text('ip6', 'ip6'),
    ...text('gw6', 'gateway6'),
  }
}

export function nicsOf(type: GuestType, settings: GuestSettings): GuestNic[] {
  return settingKeys(settings)
    .filter((key) => /^net\d+$/.test(key))
    .sort(naturalOrder)
    .flatMap((key) => nicAt(type, settings, key) ?? [])
}

/** Undefined where the guest has no such NIC, now or waiting. */
export function nicAt(type: GuestType, settings: GuestSettings, key: string): GuestNic | undefined {
  const value = settings.now[key] ?? settings.next[key]
  if (value === undefined || !/^net\d+$/.test(key)) return undefined
  const pending = pendingMark(settings, key)
  return {
    ...readNic(type, key, value),
    ...(pending !== undefined && {pending}),
    ...(pending === 'change' && {next: readNic(type, key, settings.next[key] ?? '')}),
  }
}

/** The NIC that somebody names; `not-found` names those there are. */
export function requireNic(guest: Guest, settings: GuestSettings, key: string): Result<GuestNic, Failure> {
  const nic = nicAt(guest.type, settings, key)
  if (nic !== undefined) return ok(nic)
  const keys = nicsOf(guest.type, settings).map((one) => one.key)
  const near = closest(key, keys)
  return err(
    failure('not-found', `${guestLabel(guest)} has no NIC "${key}"`, {
      hint: `${near === undefined ? '' : `Did you mean "${near}"? `}It has: ${keys.join(', ') || 'none'}`,
      details: {nic: key, nics: keys},
    }),
  )
}

/** `net1`, the first that is free. */
export function freeNic(guest: Guest, settings: GuestSettings): Result<string, Failure> {
  for (let index = 0; index < NICS; index++) if (!hasSetting(settings, `net${index}`)) return ok(`net${index}`)
  return err(
    failure('no-capacity', `${guestLabel(guest)} has ${NICS} NICs already, and no more can be added`, {
      hint: 'Remove one first: homelab proxmox vm nic remove',
    }),
  )
}

/** The first `ethN` inside a container that none of its interfaces is called. */
export function freeInterface(settings: GuestSettings): string {
  const names = new Set(nicsOf('lxc', settings).flatMap((nic) => [nic.interface, nic.next?.interface]))
  let index = 0
  while (names.has(`eth${index}`)) index++
  return `eth${index}`
}

/** The options with some replaced; undefined removes one. What is not named stays as it is, the address above all. */
export function withNetOptions(
  options: NetSpec,
  changes: Readonly<Record<string, string | undefined>>,
): Map<string, string> {
  const changed = new Map(options)
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) changed.delete(name)
    else changed.set(name, value)
  }

  return changed
}
