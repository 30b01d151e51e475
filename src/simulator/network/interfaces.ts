import {type Json} from '../kernel/pve-error.js'
import {checkInterfaces, type Interface, type Interfaces} from './interface-checks.js'

import type {World} from '../kernel/world.js'

export type {Interface, Interfaces}

/** The order in which types are written. A child (`vmbr0.5`, `eth0:1`) follows the type of its parent. */
const TYPE_ORDER: Readonly<Record<string, number>> = {
  loopback: 1,
  eth: 2,
  OVSPort: 2,
  OVSIntPort: 3,
  OVSBond: 4,
  bond: 4,
  bridge: 5,
  OVSBridge: 5,
  vlan: 6,
  vxlan: 6,
}
/** `lo` comes first in the file and is never listed. */
const FIRST_PRIORITY = 3

const BY_FAMILY = [
  ['address', 'netmask', 'cidr', 'gateway', 'method', 'inet'],
  ['address6', 'netmask6', 'cidr6', 'gateway6', 'method6', 'inet6'],
] as const

/** The interfaces of a node: as they are, or as the next apply makes them. */
export function interfacesOf(world: World, node: string, view: 'active' | 'next' = 'next'): Interfaces {
  const list: [string, Interface][] = []
  for (const record of world.store.of('network').values()) {
    if (record.node !== node) continue
    const shown = view === 'active' || record.pending === undefined ? record.active : record.pending
    if (shown) list.push([record.iface, shown])
  }

  return new Map(list.sort(([, a], [, b]) => Number(a['priority'] ?? 0) - Number(b['priority'] ?? 0)))
}

/**
 * Makes these the interfaces of the next apply.
 * @throws PveError 500 where one of them refers to what is not there
 */
export function stageInterfaces(world: World, node: string, wanted: Interfaces): void {
  checkInterfaces(wanted)
  const active = interfacesOf(world, node, 'active')
  const written = inFileOrder(wanted)
  const records = world.store.of('network')
  for (const [iface, value] of written) {
    const now = active.get(iface)
    const isSame = now !== undefined && JSON.stringify(sorted(now)) === JSON.stringify(sorted(value))
    const key = `${node}/${iface}`
    records.put(key, {node, iface, ...(now && {active: now}), ...(!isSame && {pending: value})})
  }

  for (const record of [...records.values()]) {
    if (record.node !== node || written.has(record.iface)) continue
    const key = `${node}/${record.iface}`
    if (record.active) records.put(key, {...record, pending: null})
    else records.delete(key)
  }
}

/** Forgets what was staged. */
export function revertInterfaces(world: World, node: string): void {
  const records = world.store.of('network')
  for (const record of [...records.values()]) {
    if (record.node !== node || record.pending === undefined) continue
    const key = `${node}/${record.iface}`
    if (record.active) records.update(key, {pending: undefined})
    else records.delete(key)
  }
}

/** Makes what was staged so. Interfaces that start by themselves, and those that were up, are up. */
export function applyInterfaces(world: World, node: string): void {
  const records = world.store.of('network')
  for (const record of [...records.values()]) {
    if (record.node !== node || record.pending === undefined) continue
    const key = `${node}/${record.iface}`
    if (record.pending === null) records.delete(key)
    else {
      const isUp = record.pending['autostart'] === 1 || record.active?.['active'] === 1
      records.put(key, {node, iface: record.iface, active: {...record.pending, ...(isUp && {active: 1})}})
    }
  }
}

const sorted = (record: Interface): Json =>
  Object.entries(record)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))

/** Sorted as the file is written, each with its place in it and without what the file does not keep. */
function inFileOrder(interfaces: Interfaces): Interfaces {
  const rank = (iface: string): number | undefined => {
    const [root = iface, ...rest] = iface.split(/[.:]/)
    const type = interfaces.get(root)?.['type']
    const order = TYPE_ORDER[String(type)]
    return order === undefined ? undefined : order * 100_000 + rest.length
  }

  const place = (iface: string): number => Number(interfaces.get(iface)?.['priority'] ?? 50_000)
  const names = [...interfaces.keys()].sort((a, b) => {
    const [first, second] = [rank(a), rank(b)]
    const known = first !== undefined && second !== undefined
    return (known ? first : 0) + place(a) - ((known ? second : 0) + place(b)) || (a < b ? -1 : 1)
  })
  return new Map(
    names.map((iface, index) => {
      const kept = keptOptions(iface, interfaces.get(iface)!, interfaces)
      return [iface, {...kept, priority: FIRST_PRIORITY + index}]
    }),
  )
}

/** What of an interface survives being written to the file and read again: text, without what its type does not have. */
function keptOptions(iface: string, given: Interface, all: Interfaces): Interface {
  const kept: {[key: string]: Json} = {}
  const keep = (key: string, fallback?: string): void => {
    const value = given[key]
    if (value !== undefined && value !== null && value !== '') kept[key] = String(value)
    else if (fallback !== undefined) kept[key] = fallback
  }

  kept['type'] = given['type']!
  kept['families'] = given['families'] ?? ['inet']
  for (const key of ['autostart', 'active', 'exists'] as const) if (given[key]) kept[key] = 1
  for (const [address, netmask, cidr, gateway, method, family] of BY_FAMILY) {
    kept[method] = given[method] ?? 'manual'
    if (given[method] !== 'static' || !(kept['families'] as readonly string[]).includes(family)) continue
    const length = prefixLength(given[netmask])
    kept[address] = given[address]!
    kept[netmask] = length
    kept[cidr] = `${String(given[address])}/${length}`
    keep(gateway)
  }

  for (const key of ['comments', 'comments6'] as const) {
    const text = given[key]
    if (typeof text === 'string' && text !== '') kept[key] = text.endsWith('\n') ? text : `${text}\n`
  }

  keep('mtu')
  keepByType(iface, given, keep, kept)
  if (given['type'] === 'vlan') Object.assign(kept, vlanOptions(iface, given, all))
  if (given['type'] === 'eth' && kept['exists'] === undefined) kept['exists'] = null
  return kept
}

function keepByType(
  iface: string,
  given: Interface,
  keep: (key: string, fallback?: string) => void,
  kept: {[key: string]: Json},
): void {
  switch (given['type']) {
    case 'bridge': {
      keep('bridge_ports', '')
      keep('bridge_stp', 'off')
      keep('bridge_fd', '0')
      if (Number(given['bridge_vlan_aware'] ?? 0) === 1) {
        kept['bridge_vlan_aware'] = 1
        keep('bridge_vids', '2-4094')
      }

      break
    }

    case 'bond': {
      keep('slaves', '')
      keep('bond_miimon', '100')
      keep('bond_mode', 'balance-rr')
      if (['802.3ad', 'balance-xor'].includes(String(kept['bond_mode']))) keep('bond_xmit_hash_policy', 'layer2')
      if (kept['bond_mode'] === 'active-backup') keep('bond-primary')
      break
    }

    default: {
      break
    }
  }
}

/** A VLAN says its parent and its tag in its name, or in options; it exists as its parent does. */
function vlanOptions(iface: string, given: Interface, all: Interfaces): Interface {
  const [, parent, tag] = /^(\S+)\.(\d+)$/.exec(iface) ?? []
  const named = /^vlan(\d+)$/.exec(iface)?.[1]
  const device = parent ?? given['vlan-raw-device']
  const id = tag ?? named ?? given['vlan-id']
  return {
    ...(device !== undefined && {'vlan-raw-device': device}),
    ...(id !== undefined && {'vlan-id': String(id)}),
    exists: all.get(String(device))?.['exists'] ?? null,
  }
}

/** `24` of a length or of a mask with dots. */
function prefixLength(mask: Json | undefined): string {
  const text = String(mask ?? '')
  if (!text.includes('.')) return text
  const bits = text.split('.').map((octet) => Number(octet).toString(2))
  return String(bits.join('').replaceAll('0', '').length)
}
