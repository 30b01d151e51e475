import {assertDigest, changed, digestOf} from '../config/sections.js'
import {die, type Json} from '../kernel/pve-error.js'
import {acquireSdnLock, releaseSdnLock, withSdnLock} from '../network/sdn-lock.js'
import {checkOptions, checkZone, sdnValues} from '../network/sdn-rules.js'
import {
  commitSdn,
  rollbackSdn,
  sdnObject,
  sdnObjects,
  type SdnKind,
  shownObjects,
  viewOf,
} from '../network/sdn-state.js'
import {nodeSdnRoutes} from './node-sdn.js'
import {sdnFabricRoutes} from './sdn-fabrics.js'
import {sdnVnetRoutes} from './sdn-vnets.js'

import type {Call, Handler, Routes} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

const PATH = '/cluster/sdn'

interface Noun {
  readonly kind: SdnKind
  /** In paths, and the name of the id among the values. */
  readonly id: string
  readonly check?: (world: World, id: string, value: PropertyRecord) => void
  /** Dies while something uses the object. */
  readonly checkUnused?: (world: World, id: string) => void
}

const NOUNS: readonly Noun[] = [
  {kind: 'zones', id: 'zone', check: checkZone, checkUnused: checkZoneUnused},
  {kind: 'controllers', id: 'controller', checkUnused: checkControllerUnused},
  {kind: 'ipams', id: 'ipam', checkUnused: usedByZone('ipam')},
  {kind: 'dns', id: 'dns', checkUnused: usedByZone('dns', 'reversedns')},
]

/** The software defined network: what is configured takes effect when it is applied (reference 2.15). */
export const sdnRoutes: Routes = {
  [`GET ${PATH}`]: ({world}) =>
    [
      'vnets',
      'zones',
      'controllers',
      'ipams',
      'dns',
      ...(world.release === '9.2' ? ['fabrics', 'lock', 'rollback', 'dry-run'] : []),
    ].map((id) => ({id})),

  [`PUT ${PATH}`](call) {
    const token = call.text('lock-token')
    return call.startTask('reloadnetworkall', '', async (task) => {
      await withSdnLock(call, 'reload failed', () => commitSdn(call.world))
      if (token !== undefined && call.flag('release-lock') !== false) releaseSdnLock(call.world, token)
      for (const {node} of call.world.members()) {
        if (!call.world.sees(call.node, call.world.node(node))) {
          task.log(`${node}: node is offline`)
          continue
        }

        task.log(`${node}: reloading network config`)
        call.world.tasks.start({node, type: 'srvreload', id: 'networking', user: call.user}, (child) => child.sleep(1))
      }
    })
  },

  [`POST ${PATH}/lock`]: (call) => acquireSdnLock(call.world, call.flag('allow-pending') ?? false),

  [`DELETE ${PATH}/lock`](call) {
    releaseSdnLock(call.world, call.text('lock-token'), call.flag('force'))
    return null
  },

  [`POST ${PATH}/rollback`](call) {
    const token = call.text('lock-token')
    return withSdnLock(call, 'rollback failed', () => {
      rollbackSdn(call.world)
      if (token !== undefined && call.flag('release-lock') !== false) releaseSdnLock(call.world, token)
    })
  },

  [`GET ${PATH}/dry-run`]: () => ({'frr-diff': '', 'interfaces-diff': ''}),

  [`GET ${PATH}/ipams/{ipam}/status`](call) {
    sdnObject(sdnObjects(call.world, 'ipams'), call.required('ipam'))
    return [...sdnObjects(call.world, 'subnets')].flatMap(([subnet, value]) => addresses(call.world, subnet, value))
  },

  ...Object.assign({}, ...NOUNS.map((noun) => nounRoutes(noun))),
  ...sdnVnetRoutes,
  ...sdnFabricRoutes,
  ...nodeSdnRoutes,
}

function nounRoutes({kind, id: idKey, check, checkUnused}: Noun): Record<string, Handler> {
  const path = `${PATH}/${kind}`
  const one = `${path}/{${idKey}}`
  const values = (call: Call): PropertyRecord =>
    sdnValues(
      call.params,
      call.world.schema.find(call.method, call.template)?.parameters.properties ?? {},
      idKey,
      'type',
      'digest',
      'delete',
      'lock-token',
    )
  return {
    [`GET ${path}`](call) {
      const type = call.text('type')
      return [...shownObjects(call.world, kind, idKey, viewOf(call))]
        .filter(
          ([id, value]) =>
            (type === undefined || value['type'] === type) &&
            call.hasAny(`/sdn/${kind}/${id}`, 'SDN.Audit', 'SDN.Allocate'),
        )
        .map(([, value]) => value)
    },

    [`GET ${one}`]: (call) => sdnObject(shownObjects(call.world, kind, idKey, viewOf(call)), call.required(idKey)),

    [`POST ${path}`](call) {
      const id = call.required(idKey)
      const type = call.required('type')
      const given = values(call)
      checkOptions(kind, type, given, true)
      call.world.checkQuorum(call.node)
      return withSdnLock(call, `create sdn ${idKey} object failed`, () => {
        if (sdnObjects(call.world, kind).has(id)) die(`sdn ${idKey} object ID '${id}' already defined`)
        const value = {type, ...given}
        check?.(call.world, id, value)
        call.world.store.of('sdn').put(`${kind}/${id}`, value)
      })
    },

    [`PUT ${one}`]: (call) =>
      withSdnLock(call, `update sdn ${idKey} object failed`, () => {
        const id = call.required(idKey)
        const objects = sdnObjects(call.world, kind)
        assertDigest(call.text('digest'), digestOf(objects))
        const old = sdnObject(objects, id)
        const given = values(call)
        checkOptions(kind, String(old['type']), given, false)
        const value = changed(old, given, call.list('delete'))
        check?.(call.world, id, value)
        call.world.store.of('sdn').put(`${kind}/${id}`, value)
      }),

    [`DELETE ${one}`]: (call) =>
      withSdnLock(call, `delete sdn ${idKey} object failed`, () => {
        const id = call.required(idKey)
        sdnObject(sdnObjects(call.world, kind), id)
        checkUnused?.(call.world, id)
        call.world.store.of('sdn').delete(`${kind}/${id}`)
      }),
  }
}

function checkZoneUnused(world: World, id: string): void {
  const user = [...sdnObjects(world, 'vnets')].find(([, vnet]) => vnet['zone'] === id)
  if (user) die(`zone ${id} is used by vnet ${user[0]} at /usr/share/perl5/PVE/Network/SDN/Zones/Plugin.pm line 139.`)
}

function checkControllerUnused(world: World, id: string): void {
  const user = [...sdnObjects(world, 'zones')].find(([, zone]) => zone['controller'] === id)
  if (user) die(`controller ${id} is used by ${user[0]}`)
}

function usedByZone(...keys: readonly string[]): (world: World, id: string) => void {
  return (world, id) => {
    const user = [...sdnObjects(world, 'zones')].find(([, zone]) => keys.some((key) => zone[key] === id))
    if (user) die(`${keys[0]!} ${id} is used by ${user[0]}`)
  }
}

/** What the built-in address management knows of a subnet: its gateway. */
function addresses(world: World, subnet: string, {vnet, gateway}: PropertyRecord): readonly Json[] {
  const zone = sdnObjects(world, 'vnets').get(String(vnet))?.['zone']
  return gateway === undefined ? [] : [{zone: zone ?? null, subnet, vnet: vnet!, ip: gateway, gateway: 1}]
}
