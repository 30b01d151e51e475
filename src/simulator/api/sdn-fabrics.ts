import {assertDigest, changed, digestOf} from '../config/sections.js'
import {die, type Json} from '../kernel/pve-error.js'
import {withSdnLock} from '../network/sdn-lock.js'
import {sdnObjects, type SdnKind, shownObjects, viewOf} from '../network/sdn-state.js'

import type {Call, Routes} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'

const PATH = '/cluster/sdn/fabrics'
const FABRIC = `${PATH}/fabric`
const NODE = `${PATH}/node`
const SEES = ['SDN.Audit', 'SDN.Allocate'] as const
const NOT_KEPT = new Set(['delete', 'digest', 'lock-token', 'pending', 'running'])

/** Routed fabrics between nodes (9.x). */
export const sdnFabricRoutes: Routes = {
  [`GET ${PATH}`]: () => ['fabric', 'node', 'all'].map((subdir) => ({subdir})),
  [`GET ${PATH}/all`]: (call) => ({fabrics: fabrics(call), nodes: nodes(call)}),
  [`GET ${FABRIC}`]: (call) => fabrics(call),
  [`GET ${FABRIC}/{id}`]: (call) =>
    fabrics(call).find(({id}) => id === call.required('id')) ?? die(`fabric '${call.required('id')}' does not exist`),
  [`POST ${FABRIC}`]: (call) => create(call, 'fabrics', call.required('id'), `fabric '${call.required('id')}'`),
  [`PUT ${FABRIC}/{id}`]: (call) => update(call, 'fabrics', call.required('id'), `fabric '${call.required('id')}'`),
  [`DELETE ${FABRIC}/{id}`](call) {
    const fabric = call.required('id')
    return withSdnLock(call, 'delete sdn fabric failed', () => {
      if (!sdnObjects(call.world, 'fabrics').has(fabric)) die(`fabric '${fabric}' does not exist`)
      for (const key of sdnObjects(call.world, 'fabric_nodes').keys())
        if (key.startsWith(`${fabric}_`)) call.world.store.of('sdn').delete(`fabric_nodes/${key}`)
      call.world.store.of('sdn').delete(`fabrics/${fabric}`)
    })
  },

  [`GET ${NODE}`]: (call) => nodes(call),
  [`GET ${NODE}/{fabric_id}`]: (call) => nodes(call, existingFabric(call)),
  [`POST ${NODE}/{fabric_id}`]: (call) => create(call, 'fabric_nodes', nodeKey(call), nodeName(call)),
  [`GET ${NODE}/{fabric_id}/{node_id}`]: (call) =>
    nodes(call, existingFabric(call)).find(({node_id}) => node_id === call.required('node_id')) ??
    die(`${nodeName(call)} does not exist`),
  [`PUT ${NODE}/{fabric_id}/{node_id}`]: (call) => update(call, 'fabric_nodes', nodeKey(call), nodeName(call)),
  [`DELETE ${NODE}/{fabric_id}/{node_id}`]: (call) =>
    withSdnLock(call, 'delete sdn fabric node failed', () => {
      if (!call.world.store.of('sdn').delete(`fabric_nodes/${nodeKey(call)}`)) die(`${nodeName(call)} does not exist`)
    }),
}

const nodeKey = (call: Call): string => `${existingFabric(call)}_${call.required('node_id')}`
const nodeName = (call: Call): string => `node '${call.required('node_id')}' of fabric '${call.required('fabric_id')}'`

function existingFabric(call: Call): string {
  const fabric = call.required('fabric_id')
  if (!sdnObjects(call.world, 'fabrics').has(fabric)) die(`fabric '${fabric}' does not exist`)
  return fabric
}

function fabrics(call: Call): readonly PropertyRecord[] {
  return [...shownObjects(call.world, 'fabrics', 'id', viewOf(call))]
    .filter(([id]) => call.hasAny(`/sdn/fabrics/${id}`, ...SEES))
    .map(([, value]) => value)
}

function nodes(call: Call, fabric?: string): readonly PropertyRecord[] {
  return [...shownObjects(call.world, 'fabric_nodes', 'id', viewOf(call)).values()]
    .filter(
      (node) =>
        (fabric === undefined || node['fabric_id'] === fabric) &&
        call.hasAny(`/sdn/fabrics/${String(node['fabric_id'])}`, ...SEES),
    )
    .map(({id: _id, ...node}) => node)
}

function values(call: Call): PropertyRecord {
  return Object.fromEntries(
    Object.entries(call.params).filter(([key, value]) => !NOT_KEPT.has(key) && value !== undefined && value !== null),
  ) as PropertyRecord
}

function create(call: Call, kind: SdnKind, key: string, name: string): Json | Promise<Json> {
  return withSdnLock(call, 'create sdn fabric object failed', () => {
    if (sdnObjects(call.world, kind).has(key)) die(`${name} already exists`)
    call.world.store.of('sdn').put(`${kind}/${key}`, values(call))
  })
}

function update(call: Call, kind: SdnKind, key: string, name: string): Json | Promise<Json> {
  return withSdnLock(call, 'update sdn fabric object failed', () => {
    const objects = sdnObjects(call.world, kind)
    assertDigest(call.text('digest'), digestOf(objects))
    const old = objects.get(key) ?? die(`${name} does not exist`)
    call.world.store.of('sdn').put(`${kind}/${key}`, changed(old, values(call), call.list('delete')))
  })
}
