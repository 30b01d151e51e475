import {die} from '../kernel/pve-error.js'

import type {PropertyRecord} from '../kernel/state.js'

export type Interface = PropertyRecord
/** By name, in the order of the file. */
export type Interfaces = ReadonlyMap<string, Interface>

const words = (value: unknown): readonly string[] =>
  String(value ?? '')
    .split(/\s+/)
    .filter((word) => word !== '')

/** Dies over an interface that refers to what is not there, as writing the file does. */
export function checkInterfaces(all: Interfaces): void {
  for (const [iface, value] of all) if (value['type'] === 'bond') checkBond(all, iface, value)
  for (const [iface, value] of all) if (value['type'] === 'vlan') checkVlan(all, iface, value)
  for (const [iface, value] of all) if (value['type'] === 'bridge') checkBridge(all, iface, value)
}

/** A part may not be given larger packets than what it is part of can carry. */
function checkMtu(all: Interfaces, parent: string, child: string): void {
  const [outer, inner] = [all.get(parent)?.['mtu'], all.get(child)?.['mtu']]
  if (inner === undefined) return
  if (Number(outer ?? 1500) < Number(inner))
    die(`interface '${parent}' - mtu ${Number(outer ?? 1500)} is lower than '${child}' - mtu ${Number(inner)}`)
}

function checkBond(all: Interfaces, iface: string, bond: Interface): void {
  const slaves = words(bond['slaves'])
  for (const name of slaves) {
    const slave = all.get(name) ?? die(`bond '${iface}' - unable to find slave '${name}'`)
    if (slave['type'] !== 'eth' && slave['type'] !== 'bond')
      die(`bond '${iface}' - wrong interface type on slave '${name}' ('${String(slave['type'])}' != 'eth or bond')`)
    checkMtu(all, iface, name)
  }

  const primary = bond['bond-primary']
  if (slaves.length > 0 && primary !== undefined && primary !== '' && !slaves.includes(String(primary)))
    die(`bond '${iface}' - bond-primary interface is not a slave`)
}

function checkVlan(all: Interfaces, iface: string, vlan: Interface): void {
  const [, inName, tag] = /^(\S+)\.(\d+)$/.exec(iface) ?? []
  const named = /^vlan(\d+)$/.exec(iface)?.[1]
  if (inName === undefined && !vlan['vlan-raw-device']) die('missing vlan-raw-device option')
  if (inName === undefined && named === undefined && !vlan['vlan-id']) die('missing vlan-id option')
  const parentName = inName ?? String(vlan['vlan-raw-device'])
  const id = Number(tag ?? named ?? vlan['vlan-id'])
  if (id > 4094) die(`vlan '${iface}' - vlan-id ${id} should be <= 4094`)
  const parent = all.get(parentName) ?? die(`vlan '${iface}' - unable to find parent '${parentName}'`)
  if (!['bond', 'bridge', 'eth', 'vlan'].includes(String(parent['type'])))
    die(
      `vlan '${iface}' - wrong interface type on parent '${parentName}' ('${String(parent['type'])}' != 'eth|bond|bridge|vlan' )`,
    )
  checkMtu(all, parentName, iface)
}

function checkBridge(all: Interfaces, iface: string, bridge: Interface): void {
  for (const name of words(bridge['bridge_ports'])) {
    const isTagged = /^\S+\.\d+$/.test(name)
    const port = all.get(name)
    if (!port && !isTagged) die(`bridge '${iface}' - unable to find bridge port '${name}'`)
    if (port?.['method'] === 'static' || port?.['method6'] === 'static')
      die(`iface ${name} - ip address can't be set on interface if bridged in ${iface}`)
    checkMtu(all, name, iface)
  }
}
