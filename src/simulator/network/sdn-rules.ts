import {BlockList, isIPv6} from 'node:net'

import {die, paramError, type Json} from '../kernel/pve-error.js'
import {sdnObjects, type SdnKind} from './sdn-state.js'

import type {Params} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'
import type {PropertySchema} from '../../schema/schema.js'

interface TypeOptions {
  readonly required?: readonly string[]
  readonly optional: readonly string[]
}

const ZONE = ['nodes', 'mtu', 'dns', 'reversedns', 'dnszone', 'ipam'] as const

const ZONE_OPTIONS: Readonly<Record<string, TypeOptions>> = {
  simple: {optional: [...ZONE, 'dhcp']},
  vlan: {required: ['bridge'], optional: [...ZONE, 'bridge-disable-mac-learning']},
  qinq: {required: ['tag', 'bridge'], optional: [...ZONE, 'bridge-disable-mac-learning', 'vlan-protocol']},
  vxlan: {optional: [...ZONE, 'peers', 'vxlan-port', 'fabric']},
  evpn: {
    required: ['vrf-vxlan', 'controller'],
    optional: [
      ...ZONE,
      'exitnodes',
      'exitnodes-local-routing',
      'exitnodes-primary',
      'advertise-subnets',
      'disable-arp-nd-suppression',
      'bridge-disable-mac-learning',
      'rt-import',
      'mac',
    ],
  },
  faucet: {required: ['dp-id', 'controller'], optional: [...ZONE]},
}

const CONTROLLER_OPTIONS: Readonly<Record<string, TypeOptions>> = {
  bgp: {
    required: ['node', 'asn'],
    optional: ['peers', 'ebgp', 'ebgp-multihop', 'loopback', 'bgp-multipath-as-path-relax'],
  },
  evpn: {required: ['asn'], optional: ['peers', 'fabric']},
  isis: {required: ['isis-domain', 'isis-net', 'isis-ifaces', 'node'], optional: ['loopback']},
  faucet: {optional: []},
}

const IPAM_OPTIONS: Readonly<Record<string, TypeOptions>> = {
  pve: {optional: []},
  netbox: {required: ['url', 'token'], optional: ['fingerprint']},
  phpipam: {required: ['url', 'token', 'section'], optional: ['fingerprint']},
}

const DNS_OPTIONS: Readonly<Record<string, TypeOptions>> = {
  powerdns: {required: ['url', 'key'], optional: ['ttl', 'reversemaskv6', 'reversev6mask', 'fingerprint']},
}

const OPTIONS: {readonly [kind in SdnKind]?: Readonly<Record<string, TypeOptions>>} = {
  zones: ZONE_OPTIONS,
  controllers: CONTROLLER_OPTIONS,
  ipams: IPAM_OPTIONS,
  dns: DNS_OPTIONS,
}

/** @throws PveError 500 for an option that a type lacks or does not have, as reading the section would say */
export function checkOptions(kind: SdnKind, type: string, values: PropertyRecord, isNew: boolean): void {
  const options = OPTIONS[kind]?.[type]
  if (!options) return
  const known = new Set([...(options.required ?? []), ...options.optional])
  for (const key of Object.keys(values)) if (!known.has(key)) die(`unexpected property '${key}'`)
  if (!isNew) return
  for (const key of options.required ?? [])
    if (values[key] === undefined) die(`missing value for required option '${key}'`)
}

/** Parameters as the file keeps them: numbers and booleans as such. */
export function sdnValues(
  params: Params,
  properties: Readonly<Record<string, PropertySchema>>,
  ...without: readonly string[]
): PropertyRecord {
  const values: {[key: string]: Json} = {}
  for (const [key, value] of Object.entries(params)) {
    if (value === undefined || value === null || without.includes(key)) continue
    const type = properties[key]?.type
    if (type === 'boolean') values[key] = ['0', 'false', ''].includes(String(value)) ? 0 : 1
    else if (type === 'integer') values[key] = Number(value)
    else values[key] = value as Json
  }

  return values
}

/** What a zone may refer to, and what it may not share with others. */
export function checkZone(world: World, id: string, zone: PropertyRecord): void {
  const missing = (kind: SdnKind, name: Json | undefined): boolean =>
    name !== undefined && !sdnObjects(world, kind).has(String(name))
  for (const key of ['dns', 'reversedns'] as const)
    if (missing('dns', zone[key])) paramError({[key]: `${String(zone[key])} don't exist`})
  if (zone['dnszone'] !== undefined && zone['dns'] === undefined) paramError({dnszone: 'missing dns server'})
  if (missing('ipams', zone['ipam'])) paramError({ipam: `${String(zone['ipam'])} not existing`})
  if (missing('controllers', zone['controller'])) die(`controller ${String(zone['controller'])} don't exist`)
  if (zone['type'] !== 'evpn') return
  for (const [other, value] of sdnObjects(world, 'zones')) {
    if (other !== id && value['vrf-vxlan'] !== undefined && Number(value['vrf-vxlan']) === Number(zone['vrf-vxlan']))
      die(`vrf-vxlan ${Number(zone['vrf-vxlan'])} is already declared in zone ${other}`)
  }
}

const TAGS: Readonly<Record<string, {readonly name: string; readonly maximum: number}>> = {
  vlan: {name: 'vlan', maximum: 4096},
  qinq: {name: 'vlan', maximum: 4096},
  vxlan: {name: 'vxlan', maximum: 16_777_216},
  evpn: {name: 'vxlan', maximum: 16_777_216},
}

/** What the type of its zone asks of a virtual network. */
export function checkVnet(world: World, id: string, vnet: PropertyRecord): void {
  const zoneId = String(vnet['zone'])
  const type = sdnObjects(world, 'zones').get(zoneId)?.['type']
  if (type === undefined) {
    die('cannot lookup undefined type! at /usr/share/perl5/PVE/API2/Network/SDN/Vnets.pm line 224.')
  }

  const rules = TAGS[String(type)]
  const tag = vnet['tag']
  if (!rules) {
    if (type === 'simple' && tag !== undefined) paramError({tag: 'tag are not allowed on simple zone'})
    return
  }

  if (tag === undefined) return paramError({tag: `missing ${rules.name} tag`})
  if (Number(tag) > rules.maximum) paramError({tag: `${rules.name} tag max value is ${rules.maximum}`})
  if (type === 'evpn' && vnet['vlanaware'] === 1)
    paramError({vlanaware: "vlanaware option can't be enabled with evpn plugin"})
  for (const [other, value] of sdnObjects(world, 'vnets')) {
    if (other !== id && Number(value['tag']) === Number(tag) && value['zone'] === zoneId)
      paramError({tag: `tag ${Number(tag)} already exist in vnet ${other} in zone ${zoneId}`})
  }
}

/** Whether an address lies in a network. */
export function isInside(address: string, cidr: string): boolean {
  const [network, length] = cidr.split('/') as [string, string]
  if (isIPv6(address) !== isIPv6(network)) return false
  const list = new BlockList()
  const family = isIPv6(network) ? 'ipv6' : 'ipv4'
  list.addSubnet(network, Number(length), family)
  return list.check(address, family)
}

/** A subnet's virtual network, gateway and ranges. */
export function checkSubnet(world: World, cidr: string, subnet: PropertyRecord): void {
  const vnetId = String(subnet['vnet'])
  const vnet = sdnObjects(world, 'vnets').get(vnetId)
  if (!vnet) return paramError({vnet: `${vnetId} don't exist`})
  if (vnet['vlanaware'] === 1) paramError({vnet: "you can't add a subnet on a vlanaware vnet"})
  const {gateway} = subnet
  const isPointToPoint = cidr.endsWith('/32')
  if (typeof gateway === 'string' && !isPointToPoint && !isInside(gateway, cidr))
    paramError({gateway: `${gateway} is not in subnet ${cidr}`})
  for (const range of dhcpRanges(subnet)) {
    for (const key of ['start-address', 'end-address'] as const)
      if (!isInside(range[key], cidr)) paramError({'dhcp-range': `${key} ${range[key]} is not in subnet ${cidr}`})
  }
}

/** `start-address=…,end-address=…`, taken apart. */
export function dhcpRanges(
  subnet: PropertyRecord,
): readonly {readonly 'end-address': string; readonly 'start-address': string}[] {
  const ranges = subnet['dhcp-range']
  const texts = Array.isArray(ranges) ? ranges.map(String) : []
  return texts.map((text) => {
    const part = (key: string): string => new RegExp(`(?:^|,)${key}=([^,]*)`).exec(text)?.[1] ?? ''
    return {'start-address': part('start-address'), 'end-address': part('end-address')}
  })
}
