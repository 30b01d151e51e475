import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import type {GuestType} from './guest.js'
import {readOptions, type OptionGrammar} from './option-grammar.js'
import {formatPropertyString, splitPropertyString} from './property-string.js'

/** The NICs that QEMU can pretend to be; `POST /nodes/{node}/qemu`, `net[n]`. */
export const NIC_MODELS = [
  'virtio',
  'e1000',
  'e1000e',
  'rtl8139',
  'vmxnet3',
  'e1000-82540em',
  'e1000-82544gc',
  'e1000-82545em',
  'i82551',
  'i82557b',
  'i82559er',
  'ne2k_isa',
  'ne2k_pci',
  'pcnet',
] as const

/** Of one card: an odd first byte would address a group. */
const MAC = {
  matches: /^[\dA-Fa-f][02468ACEace](?::[\dA-Fa-f]{2}){5}$/,
  hint: 'Write an address of one card, as BC:24:11:00:00:01: the second digit is even',
}
const OCTET = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)'
const IPV4 = `${OCTET}(?:\\.${OCTET}){3}`
const VLAN = {matches: /^(?:[1-9]\d{0,2}|[1-3]\d{3}|40[0-8]\d|409[0-4])$/, hint: 'Use a number from 1 to 4094'}

const SHARED: OptionGrammar = {
  bridge: /^[\w.-]+$/,
  firewall: 'flag',
  link_down: 'flag',
  'link-down': {sameAs: 'link_down'},
  mtu: {matches: /^\d+$/, hint: 'Use a number of bytes: 1500'},
  rate: {matches: /^\d+(?:\.\d+)?$/, hint: 'Use a number of MB/s: 12.5'},
  tag: VLAN,
  vlan: {sameAs: 'tag'},
  trunks: /^\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*$/,
}

const VM_NIC: OptionGrammar = {
  model: NIC_MODELS,
  macaddr: MAC,
  mac: {sameAs: 'macaddr'},
  queues: /^\d+$/,
  ...SHARED,
}

const CONTAINER_NIC: OptionGrammar = {
  name: /^[\w.-]{2,}$/,
  hwaddr: MAC,
  mac: {sameAs: 'hwaddr'},
  ip: {
    matches: new RegExp(`^(?:dhcp|manual|${IPV4}/(?:[12]?\\d|3[0-2]))$`),
    hint: 'Use dhcp, manual, or an address with its prefix: 192.0.2.5/24',
  },
  gw: {matches: new RegExp(`^${IPV4}$`), hint: 'Use an address without prefix: 192.0.2.1'},
  gateway: {sameAs: 'gw'},
  ip6: {
    matches: /^(?:auto|dhcp|manual|[\dA-Fa-f:.]*:[\dA-Fa-f:.]*\/\d{1,3})$/,
    hint: 'Use auto, dhcp, manual, or an address with its prefix: 2001:db8::5/64',
  },
  gw6: {matches: /^[\dA-Fa-f:.]*:[\dA-Fa-f:.]*$/, hint: 'Use an address without prefix: 2001:db8::1'},
  gateway6: {sameAs: 'gw6'},
  type: ['veth'],
  'host-managed': 'flag',
  ...SHARED,
}

/** A NIC, by the names that Proxmox VE gives its options; a VM's model and address are `model` and `macaddr`. */
export type NetSpec = ReadonlyMap<string, string>

/**
 * Reads `bridge=vmbr0,vlan=20,model=virtio,firewall`, or what Proxmox VE itself writes: `virtio=BC:24:11:00:00:01,bridge=vmbr0`. A bare first word is
 * the bridge.
 * @returns a `usage` failure that names the text, the option and the remedy
 */
export function parseNetSpec(text: string, type: GuestType): Result<NetSpec, Failure> {
  const grammar = type === 'qemu' ? VM_NIC : CONTAINER_NIC
  const parts = splitPropertyString(text).flatMap((part, index) => {
    const word = part.key ?? part.value
    if (type === 'qemu' && (NIC_MODELS as readonly string[]).includes(word)) {
      return part.key === undefined
        ? [{key: 'model', value: word}]
        : [
            {key: 'model', value: word},
            {key: 'macaddr', value: part.value},
          ]
    }

    return index === 0 && part.key === undefined && !Object.hasOwn(grammar, word)
      ? [{key: 'bridge', value: word}]
      : [part]
  })
  const what = `network "${text}"`
  return parts.length === 0
    ? err(
        failure('usage', `${what}: it names nothing`, {
          hint: 'Write bridge=vmbr0, with more after commas: vlan=20,firewall',
        }),
      )
    : readOptions(parts, grammar, what).andThen((options) => checkGateways(options, what))
}

/** Refuses a gateway without a fixed address. */
export function checkGateways(options: NetSpec, what: string): Result<NetSpec, Failure> {
  for (const [gateway, address] of [
    ['gw', 'ip'],
    ['gw6', 'ip6'],
  ] as const) {
    if (options.has(gateway) && !/\//.test(options.get(address) ?? '')) {
      return err(
        failure('usage', `${what}: the gateway (${gateway}) needs a fixed address`, {
          hint: `Give ${address} as an address with its prefix: ${address}=${address === 'ip' ? '192.0.2.5/24' : '2001:db8::5/64'}`,
        }),
      )
    }
  }

  return ok(options)
}

/** What Proxmox VE wants for `netN`: `virtio=BC:…,bridge=vmbr0`, `name=eth0,bridge=vmbr0,ip=dhcp`. */
export function netValue(net: NetSpec, type: GuestType): string {
  if (type === 'lxc') return formatPropertyString(net)
  const {macaddr, model = 'virtio', ...rest} = Object.fromEntries(net)
  return formatPropertyString([macaddr === undefined ? ['', model] : [model, macaddr], ...Object.entries(rest)])
}
