import {assertDigest, changed, digestOf} from '../config/sections.js'
import {die, paramError, type Json} from '../kernel/pve-error.js'
import {withSdnLock} from '../network/sdn-lock.js'
import {checkSubnet, checkVnet, dhcpRanges, isInside, sdnValues} from '../network/sdn-rules.js'
import {sdnObject, sdnObjects, type SdnView, shownObjects, viewOf} from '../network/sdn-state.js'

import type {Call, Routes} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'

const VNETS = '/cluster/sdn/vnets'
const VNET = `${VNETS}/{vnet}`
const SUBNETS = `${VNET}/subnets`
const SEES = ['SDN.Audit', 'SDN.Allocate'] as const

/** Virtual networks and their subnets. */
export const sdnVnetRoutes: Routes = {
  [`GET ${VNETS}`]: (call) =>
    [...shownObjects(call.world, 'vnets', 'vnet', viewOf(call))]
      .filter(([id, value]) => call.hasAny(`/sdn/zones/${zoneOf(value)}/${id}`, ...SEES))
      .map(([, value]) => value),

  [`GET ${VNET}`](call) {
    checkAccess(call, ...SEES)
    return sdnObject(shownObjects(call.world, 'vnets', 'vnet', viewOf(call)), call.required('vnet'))
  },

  [`POST ${VNETS}`](call) {
    const {world} = call
    const id = call.required('vnet')
    world.checkQuorum(call.node)
    return withSdnLock(call, 'create sdn vnet object failed', () => {
      if (sdnObjects(world, 'vnets').has(id)) die(`sdn vnet object ID '${id}' already defined`)
      const vnet = {type: 'vnet', ...values(call)}
      checkVnet(world, id, vnet)
      world.store.of('sdn').put(`vnets/${id}`, vnet)
    })
  },

  [`PUT ${VNET}`](call) {
    checkAccess(call, 'SDN.Allocate')
    const {world} = call
    return withSdnLock(call, 'update sdn vnet object failed', () => {
      const id = call.required('vnet')
      const vnets = sdnObjects(world, 'vnets')
      assertDigest(call.text('digest'), digestOf(vnets))
      const old = sdnObject(vnets, id)
      const vnet = changed(old, values(call), call.list('delete'))
      const hasSubnets = subnetsOf(call).length > 0
      if (vnet['zone'] === undefined) paramError({zone: 'cannot delete zone'})
      if (hasSubnets && vnet['zone'] !== old['zone']) paramError({zone: "can't change zone if subnets exist"})
      checkVnet(world, id, vnet)
      if (hasSubnets && vnet['vlanaware'] === 1)
        paramError({vlanaware: 'vlanaware vnet is not compatible with subnets'})
      world.store.of('sdn').put(`vnets/${id}`, vnet)
    })
  },

  [`DELETE ${VNET}`](call) {
    checkAccess(call, 'SDN.Allocate')
    return withSdnLock(call, 'delete sdn vnet object failed', () => {
      if (subnetsOf(call).length > 0) paramError({vnet: "Can't delete vnet if subnets exists"})
      call.world.store.of('sdn').delete(`vnets/${call.required('vnet')}`)
    })
  },

  [`GET ${SUBNETS}`](call) {
    checkAccess(call, ...SEES)
    return subnetsOf(call, viewOf(call))
  },

  [`GET ${SUBNETS}/{subnet}`](call) {
    checkAccess(call, ...SEES)
    const id = call.required('subnet')
    return subnetsOf(call, viewOf(call)).find(({subnet}) => subnet === id) ?? die(`sdn subnet '${id}' does not exist`)
  },

  [`POST ${SUBNETS}`](call) {
    checkAccess(call, 'SDN.Allocate')
    const {world} = call
    world.checkQuorum(call.node)
    return withSdnLock(call, 'create sdn subnet object failed', () => {
      const cidr = call.required('subnet')
      const vnet = call.required('vnet')
      const id = `${String(sdnObjects(world, 'vnets').get(vnet)?.['zone'])}-${cidr.replace('/', '-')}`
      if (sdnObjects(world, 'subnets').has(id)) die(`sdn subnet object ID '${id}' already defined`)
      const subnet = {type: 'subnet', vnet, ...values(call)}
      checkSubnet(world, cidr, subnet)
      world.store.of('sdn').put(`subnets/${id}`, subnet)
    })
  },

  [`PUT ${SUBNETS}/{subnet}`](call) {
    checkAccess(call, 'SDN.Allocate')
    return withSdnLock(call, 'update sdn subnet object failed', () => {
      const id = call.required('subnet')
      const subnets = sdnObjects(call.world, 'subnets')
      const old = sdnObject(subnets, id)
      assertDigest(call.text('digest'), digestOf(subnets))
      const subnet = changed(old, values(call), call.list('delete'))
      checkSubnet(call.world, address(id).cidr, subnet)
      call.world.store.of('sdn').put(`subnets/${id}`, subnet)
    })
  },

  [`DELETE ${SUBNETS}/{subnet}`](call) {
    checkAccess(call, 'SDN.Allocate')
    return withSdnLock(call, 'delete sdn subnet object failed', () => {
      const id = call.required('subnet')
      sdnObject(sdnObjects(call.world, 'subnets'), id)
      call.world.store.of('sdn').delete(`subnets/${id}`)
    })
  },

  [`POST ${VNET}/ips`]: (call) => changeAddress(call, 'put'),
  [`PUT ${VNET}/ips`]: (call) => changeAddress(call, 'put'),
  [`DELETE ${VNET}/ips`]: (call) => changeAddress(call, 'delete'),
}

function values(call: Call): PropertyRecord {
  const properties = call.world.schema.find(call.method, call.template)?.parameters.properties ?? {}
  return sdnValues(call.params, properties, 'vnet', 'subnet', 'type', 'digest', 'delete', 'lock-token')
}

function zoneOf({zone, pending}: PropertyRecord): string {
  return String(zone ?? (pending as PropertyRecord | undefined)?.['zone'])
}

/** Rights on a virtual network are those on its zone's path. */
function checkAccess(call: Call, ...privileges: readonly string[]): void {
  const id = call.required('vnet')
  const vnet = sdnObject(shownObjects(call.world, 'vnets', 'vnet', 'config'), id)
  call.checkAny(`/sdn/zones/${zoneOf(vnet)}/${id}`, ...privileges)
}

function address(id: string): {zone: string; network: string; mask: string; cidr: string} {
  const [zone = '', network = '', mask = ''] = id.split('-')
  return {zone, network, mask, cidr: `${network}/${mask}`}
}

function subnetsOf(call: Call, from: SdnView = 'config'): readonly {[key: string]: Json | undefined}[] {
  const vnet = call.required('vnet')
  return [...shownObjects(call.world, 'subnets', 'subnet', from)]
    .filter(([, value]) => (value['vnet'] ?? (value['pending'] as PropertyRecord | undefined)?.['vnet']) === vnet)
    .map(([id, value]) => {
      const {zone, network, mask, cidr} = address(id)
      return {...value, id, zone, network, mask, cidr, 'dhcp-range': [...dhcpRanges(value)]}
    })
}

/** An address handed out by hand. It must lie in a subnet of the virtual network. */
function changeAddress(call: Call, action: 'delete' | 'put'): Json {
  const {world} = call
  const vnet = call.required('vnet')
  call.check(`/sdn/zones/${call.required('zone')}/${vnet}`, 'SDN.Allocate')
  const ip = call.required('ip')
  const subnet = [...sdnObjects(world, 'subnets')].find(
    ([id, value]) => value['vnet'] === vnet && isInside(ip, address(id).cidr),
  )
  if (!subnet) die(`can't find any subnet for ip ${ip}`)
  const key = `ips/${vnet}/${ip}`
  const records = world.store.of('sdn')
  if (action === 'delete') {
    if (!records.delete(key)) die(`ip ${ip} is not registered in subnet ${subnet[0]}`)
    return null
  }

  if (call.method === 'POST' && records.has(key)) die(`IP '${ip}' already exist`)
  const mac = call.text('mac')
  records.put(key, {ip, subnet: subnet[0], vnet, ...(mac !== undefined && {mac})})
  return null
}
