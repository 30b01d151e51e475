import {isIPv6} from 'node:net'

import {die, paramError, type Json} from '../kernel/pve-error.js'
import {
  applyInterfaces,
  type Interface,
  type Interfaces,
  interfacesOf,
  revertInterfaces,
  stageInterfaces,
} from '../network/interfaces.js'
import {interfacesFile} from '../network/interfaces-file.js'
import {unifiedDiff} from '../network/unified-diff.js'
import {runningVnets} from '../network/sdn-state.js'

import type {Call, Routes} from '../kernel/call.js'

const PATH = '/nodes/{node}/network'
const FILE = '/etc/network/interfaces'
const BRIDGES = new Set(['bridge', 'OVSBridge'])

/** The network of a node: changes wait in a second file until they are applied or reverted (reference 2.15). */
export const nodeNetworkRoutes: Routes = {
  [`GET ${PATH}`](call) {
    const {world, node} = call
    const interfaces = interfacesOf(world, node)
    call.changes = pendingChanges(interfacesOf(world, node, 'active'), interfaces)
    const list = [...interfaces].filter(([iface, value]) => isWanted(call, iface, value))
    return [...list.map(([iface, value]) => ({...value, iface})), ...vnetEntries(call)]
  },

  [`POST ${PATH}`](call) {
    const {world, node} = call
    const iface = call.required('iface')
    const interfaces = interfacesOf(world, node)
    if (interfaces.has(iface)) paramError({iface: 'interface already exists'})
    const value = wantedInterface(call, interfaces, iface)
    if (call.required('type').startsWith('OVS'))
      die("Open VSwitch is not installed (need package 'openvswitch-switch')")
    stageInterfaces(world, node, new Map([...interfaces, [iface, value]]))
    return null
  },

  [`DELETE ${PATH}`]({world, node}) {
    revertInterfaces(world, node)
    return null
  },

  [`PUT ${PATH}`]: (call) =>
    call.startTask('srvreload', 'networking', async (task) => {
      await task.sleep(1)
      applyInterfaces(call.world, call.node)
    }),

  [`GET ${PATH}/{iface}`]: (call) => existing(call, interfacesOf(call.world, call.node)),

  [`PUT ${PATH}/{iface}`](call) {
    const {world, node} = call
    const iface = call.required('iface')
    const interfaces = interfacesOf(world, node)
    const old = {...existing(call, interfaces)}
    for (const key of call.list('delete')) {
      delete old[key]
      if (key === 'cidr') for (const part of ['address', 'netmask']) delete old[part]
      if (key === 'cidr6') for (const part of ['address6', 'netmask6']) delete old[part]
    }

    const value = {...old, ...wantedInterface(call, interfaces, iface)}
    stageInterfaces(world, node, new Map([...interfaces, [iface, value]]))
    return null
  },

  [`DELETE ${PATH}/{iface}`](call) {
    const {world, node} = call
    const interfaces = interfacesOf(world, node)
    existing(call, interfaces)
    const rest = [...interfaces].filter(([iface]) => iface !== call.required('iface'))
    stageInterfaces(world, node, new Map(rest))
    return null
  },
}

function existing(call: Call, interfaces: Interfaces): Interface {
  return interfaces.get(call.required('iface')) ?? paramError({iface: 'interface does not exist'})
}

/** The interface a request describes. */
function wantedInterface(call: Call, others: Interfaces, iface: string): Interface {
  const checkGateway = (key: string, name: string): void => {
    if (call.text(key) === undefined) return
    const owner = [...others].find(([other, value]) => other !== iface && value[key] !== undefined)
    if (owner) paramError({[key]: `${name} already exists on interface '${owner[0]}'.`})
  }

  checkGateway('gateway', 'Default gateway')
  checkGateway('gateway6', 'Default ipv6 gateway')
  const value: {[key: string]: Json} = {}
  for (const [key, given] of Object.entries(call.params)) {
    if (['delete', 'iface', 'node'].includes(key) || given === undefined || given === null) continue
    value[key] = ['autostart', 'bridge_vlan_aware'].includes(key) ? Number(call.flag(key)) : (given as Json)
  }

  splitCidr(value, '')
  splitCidr(value, '6')
  if (typeof value['address6'] === 'string') checkHostAddress(value['address6'])
  const families = [
    ...(value['address'] === undefined ? [] : ['inet']),
    ...(value['address6'] === undefined ? [] : ['inet6']),
  ]
  return {
    ...value,
    families: families.length === 0 ? ['inet'] : families,
    method: value['address'] === undefined ? 'manual' : 'static',
    method6: value['address6'] === undefined ? 'manual' : 'static',
  }
}

function splitCidr(value: {[key: string]: Json}, suffix: '' | '6'): void {
  const [cidr, address, netmask] = [`cidr${suffix}`, `address${suffix}`, `netmask${suffix}`]
  const given = value[cidr]
  if (typeof given !== 'string' || given === '') return
  for (const part of [address, netmask])
    if (value[part] !== undefined) paramError({[part]: `${part} conflicts with ${cidr}`})
  const [host, length] = given.split('/')
  value[address] = host!
  value[netmask] = length!
  delete value[cidr]
}

/** Only global, unique-local and link-local unicast addresses can be a host's. */
function checkHostAddress(address: string): void {
  if (!isIPv6(address)) paramError({address: `${address} is not a valid host IPv6 address.`})
  const type = /^ff/i.test(address)
    ? 'MULTICAST'
    : address === '::'
      ? 'UNSPECIFIED'
      : address === '::1'
        ? 'LOOPBACK'
        : undefined
  if (type !== undefined) paramError({address: `${address} with type '${type}', cannot be used as host IPv6 address.`})
}

function isWanted(call: Call, iface: string, {type}: Interface): boolean {
  const wanted = call.text('type')
  if (wanted === undefined) return true
  const isBridge = BRIDGES.has(String(type))
  if (isBridge && !call.hasAny(`/sdn/zones/localnetwork/${iface}`, 'SDN.Audit', 'SDN.Use')) return false
  return wanted === type || (isBridge && /^any(?:_local)?_bridge$/.test(wanted))
}

/** Virtual networks show up where bridges for guests are asked for. */
function vnetEntries(call: Call): readonly Json[] {
  const wanted = call.text('type')
  if (wanted !== 'any_bridge' && wanted !== 'vnet') return []
  return runningVnets(call.world)
    .filter(({vnet, zone}) => call.hasAny(`/sdn/zones/${zone}/${vnet}`, 'SDN.Audit', 'SDN.Use'))
    .map(({vnet}) => ({iface: vnet, type: 'vnet', active: 1}))
}

/** What `changes` of the envelope says: the difference between the file that counts and the one that waits. */
function pendingChanges(active: Interfaces, next: Interfaces): string {
  const diff = unifiedDiff(interfacesFile(active), interfacesFile(next))
  return diff === '' ? '' : `--- ${FILE}\n+++ ${FILE}.new\n${diff}`
}
