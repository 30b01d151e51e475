import {die, type Json} from '../kernel/pve-error.js'
import {interfacesOf} from '../network/interfaces.js'
import {runningObjects, runningVnets} from '../network/sdn-state.js'

import type {Call, Routes} from '../kernel/call.js'

const PATH = '/nodes/{node}/sdn'
/** The zone of all bridges that are no virtual networks. */
const LOCAL = 'localnetwork'

/** What of the software defined network is in effect on a node. */
export const nodeSdnRoutes: Routes = {
  [`GET ${PATH}`]: ({world}) =>
    ['zones', ...(world.release === '9.2' ? ['fabrics', 'vnets'] : [])].map((name) => ({name})),
  [`GET ${PATH}/zones`]: (call) =>
    [LOCAL, ...zonesOn(call)]
      .filter((zone) => call.hasAny(`/sdn/zones/${zone}`, 'SDN.Audit', 'SDN.Allocate'))
      .map((zone) => ({zone, status: 'available'})),
  [`GET ${PATH}/zones/{zone}`]: ({world}) =>
    ['content', ...(world.release === '9.2' ? ['bridges', 'ip-vrf'] : [])].map((subdir) => ({subdir})),
  [`GET ${PATH}/zones/{zone}/content`]: (call) =>
    bridgesIn(call).map((vnet) => ({vnet, status: 'available', statusmsg: ''})),
  [`GET ${PATH}/zones/{zone}/bridges`]: (call) =>
    bridgesIn(call).map((name) => ({name, vlan_filtering: '0', ports: portsOf(call, name)})),
  [`GET ${PATH}/zones/{zone}/ip-vrf`]: () => [],
  [`GET ${PATH}/vnets/{vnet}`]: () => [{subdir: 'mac-vrf'}],
  [`GET ${PATH}/vnets/{vnet}/mac-vrf`]: () => [],
  [`GET ${PATH}/fabrics/{fabric}`]: () => ['interfaces', 'neighbors', 'routes'].map((subdir) => ({subdir})),
  [`GET ${PATH}/fabrics/{fabric}/interfaces`]: () => [],
  [`GET ${PATH}/fabrics/{fabric}/neighbors`]: () => [],
  [`GET ${PATH}/fabrics/{fabric}/routes`]: () => [],
}

/** Zones in effect, those restricted to other nodes left out. */
function zonesOn({world, node}: Call): readonly string[] {
  return [...runningObjects(world, 'zones')]
    .filter(([, {nodes}]) => nodes === undefined || String(nodes).split(',').includes(node))
    .map(([zone]) => zone)
}

function bridgesIn(call: Call): readonly string[] {
  const {world, node} = call
  const zone = call.required('zone')
  if (zone === LOCAL) {
    return [...interfacesOf(world, node, 'active')]
      .filter(([, {type}]) => type === 'bridge' || type === 'OVSBridge')
      .map(([iface]) => iface)
  }

  if (!zonesOn(call).includes(zone)) die(`sdn '${zone}' does not exist`)
  return runningVnets(world)
    .filter((vnet) => vnet.zone === zone)
    .map(({vnet}) => vnet)
}

/** Interfaces of running guests on a bridge. */
function portsOf({world, node}: Call, bridge: string): readonly Json[] {
  return [...world.store.of('guests').values()]
    .filter((guest) => guest.node === node && guest.run)
    .flatMap((guest) =>
      Object.entries(guest.config)
        .filter(([key, value]) => /^net\d+$/.test(key) && String(value).split(',').includes(`bridge=${bridge}`))
        .map(([index]) => ({
          name: `${guest.type === 'lxc' ? 'veth' : 'tap'}${guest.vmid}i${index.slice(3)}`,
          vmid: guest.vmid,
          index,
        })),
    )
}
