import {assertDigest, changed, digestOf, sectionValues, underLock} from '../config/sections.js'
import {hasRules} from '../ha/placement.js'
import {parseSid, queueCommand, resources, verboseState, type Resource} from '../ha/resources.js'
import {die, type Json} from '../kernel/pve-error.js'
import {perlTime} from './cluster-jobs.js'

import type {Call, Routes} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'
import type {LrmRecord, ManagerRecord} from '../ha/records.js'

/** A time stamp older than this, in seconds, is that of somebody who may be dead. */
const OLD_AFTER = 30
const RESOURCE_OPTIONS = new Set(['comment', 'failback', 'group', 'max_relocate', 'max_restart', 'state'])
const GROUP_OPTIONS = new Set(['comment', 'nodes', 'nofailback', 'restricted'])

export const clusterHaRoutes: Routes = {
  'GET /cluster/ha/resources'(call) {
    const {store} = call.world
    const type = call.text('type')
    return [...store.of('haResources').entries()]
      .filter(([, resource]) => type === undefined || resource['type'] === type)
      .map(([sid, resource]) => {
        const {group} = resource
        const isUnknown = group !== undefined && !store.of('haGroups').has(String(group))
        return {
          ...answer(call.world, sid, resource),
          ...(isUnknown && {errors: {group: `group '${String(group)}' does not exist`}}),
        }
      })
  },

  'GET /cluster/ha/resources/{sid}'(call) {
    const {sid} = parseSid(call.world, call.required('sid'))
    const resource = call.world.store.of('haResources').get(sid) ?? die(`no such resource '${sid}'`)
    return answer(call.world, sid, resource)
  },

  'POST /cluster/ha/resources'(call) {
    const {world} = call
    const {sid, type, name} = parseSid(world, call.required('sid'))
    checkType(call, type)
    refuseGroup(call)
    if (!/^[1-9]\d+$/.test(name)) die('invalid VMID')
    if (!world.store.of('guests').has(name)) die(`resource '${sid}' does not exist in cluster`)
    underLock('create resource failed', () => {
      if (world.store.of('haResources').has(sid)) die(`resource ID '${sid}' already defined`)
      world.store.of('haResources').put(sid, {...sectionValues(call.params, 'sid', 'type'), type})
    })
    return null
  },

  'PUT /cluster/ha/resources/{sid}'(call) {
    const {store} = call.world
    const {sid, type} = parseSid(call.world, call.required('sid'))
    checkType(call, type)
    refuseGroup(call)
    const group = call.text('group')
    if (group !== undefined && !store.of('haGroups').has(group)) die(`HA group '${group}' does not exist`)
    checkState(call, sid, call.text('state'))
    underLock('update resources config failed', () => {
      assertDigest(call.text('digest'), digestOf(store.of('haResources').values()))
      const resource = store.of('haResources').get(sid) ?? die(`no such resource '${sid}'`)
      const values = sectionValues(call.params, 'sid', 'type', 'digest', 'delete')
      store.of('haResources').put(sid, changed(resource, values, call.list('delete'), {known: RESOURCE_OPTIONS}))
    })
    return null
  },

  'DELETE /cluster/ha/resources/{sid}'(call) {
    const {store} = call.world
    const {sid} = parseSid(call.world, call.required('sid'))
    if (!store.of('haResources').delete(sid)) die(`cannot delete service '${sid}', not HA managed!`)
    // 9.x: rules forget it too, and are gone with their last resource
    if (call.flag('purge') ?? call.world.release === '9.2') forgetInRules(call.world, sid)
    return null
  },

  'POST /cluster/ha/resources/{sid}/migrate': (call) => request(call, 'migrate'),
  'POST /cluster/ha/resources/{sid}/relocate': (call) => request(call, 'relocate'),

  'GET /cluster/ha/groups'(call) {
    migratedToRules(call, 'index groups')
    return [...call.world.store.of('haGroups').entries()].map(([group, entry]) => ({
      ...entry,
      group,
      digest: groupDigest(call.world),
    }))
  },

  'GET /cluster/ha/groups/{group}'(call) {
    migratedToRules(call, 'read group')
    const group = call.required('group')
    const entry = call.world.store.of('haGroups').get(group) ?? die(`no such ha group '${group}'`)
    return {...entry, group, digest: groupDigest(call.world)}
  },

  'POST /cluster/ha/groups'(call) {
    migratedToRules(call, 'create group')
    const group = call.required('group')
    underLock('create ha group failed', () => {
      if (call.world.store.of('haGroups').has(group)) die(`ha group ID '${group}' already defined`)
      call.world.store.of('haGroups').put(group, normalGroup({...sectionValues(call.params, 'group'), type: 'group'}))
    })
    return null
  },

  'PUT /cluster/ha/groups/{group}'(call) {
    migratedToRules(call, 'update group')
    const group = call.required('group')
    underLock('update ha group failed', () => {
      const groups = call.world.store.of('haGroups')
      assertDigest(call.text('digest'), groupDigest(call.world))
      const entry = groups.get(group) ?? die(`ha group '${group}' does not exist`)
      const values = sectionValues(call.params, 'group', 'digest', 'delete')
      const rules = {known: GROUP_OPTIONS, required: ['nodes']}
      groups.put(group, normalGroup(changed(entry, values, call.list('delete'), rules)))
    })
    return null
  },

  'DELETE /cluster/ha/groups/{group}'(call) {
    migratedToRules(call, 'delete group')
    const group = call.required('group')
    underLock('delete ha group failed', () => {
      for (const [sid, resource] of call.world.store.of('haResources').entries())
        if (resource['group'] === group) die(`ha group is used by service '${sid}'`)
      call.world.store.of('haGroups').delete(group)
    })
    return null
  },

  'GET /cluster/ha/status/current': currentStatus,

  'GET /cluster/ha/status/manager_status'(call) {
    const {world, node} = call
    const manager = world.store.of('haManager').get('manager')
    const quorum = {node, quorate: world.isQuorate(node) ? '1' : ''}
    if (!manager) return {manager_status: {node_status: {}}, quorum}
    const lrms = Object.fromEntries(
      Object.keys(manager.nodes).map((name) => [name, (world.store.of('haLrm').get(name) ?? {}) as unknown as Json]),
    )
    return {manager_status: managerStatus(manager), lrm_status: lrms, quorum}
  },
}

function answer(world: World, sid: string, resource: PropertyRecord): {[key: string]: Json | undefined} {
  return {...resource, sid, digest: digestOf(world.store.of('haResources').values())}
}

function checkType(call: Call, type: string): void {
  const given = call.text('type')
  if (given !== undefined && given !== type) die('types does not match')
}

function refuseGroup(call: Call): void {
  if (hasRules(call.world) && call.text('group') !== undefined)
    die("invalid parameter 'group': ha groups have been migrated to rules")
}

/** Since 9.0 there are rules instead of groups, as soon as these have been migrated; they can only be what older nodes left behind. */
function migratedToRules(call: Call, action: string): void {
  if (hasRules(call.world)) die(`cannot ${action}: ha groups have been migrated to rules`)
}

/** A service that has failed for good must be disabled before anything else is asked of it. */
function checkState({world}: Call, sid: string, wanted?: string): void {
  const service = world.store.of('haManager').get('manager')?.services[sid]
  if (service?.state === 'error' && wanted !== 'disabled')
    die(`service '${sid}' in error state, must be disabled and fixed first`)
}

/** Only queued: who asks for the impossible learns nothing of it. */
function request(call: Call, verb: 'migrate' | 'relocate'): Json {
  const {sid} = parseSid(call.world, call.required('sid'))
  if (!call.world.store.of('haResources').has(sid)) die(`resource '${sid}' is not HA managed`)
  checkState(call, sid)
  const node = call.required('node')
  queueCommand(call.world, `${verb} ${sid} ${node}`)
  return call.world.release === '9.2' ? {sid, 'requested-node': node} : null
}

function forgetInRules({store}: World, sid: string): void {
  for (const [id, rule] of [...store.of('haRules').entries()]) {
    const left = String(rule['resources'] ?? '')
      .split(',')
      .filter((other) => other !== sid)
    if (left.length === 0) store.of('haRules').delete(id)
    else store.of('haRules').put(id, {...rule, resources: left.join(',')})
  }
}

/** Nodes are a list however they were separated. */
function normalGroup(entry: PropertyRecord): PropertyRecord {
  const nodes = String(entry['nodes'] ?? '')
    .split(/[\s,;]+/)
    .filter((node) => node !== '')
  return {...entry, nodes: [...new Set(nodes)].join(',')}
}

function groupDigest({store}: World): string {
  return digestOf(store.of('haGroups').entries())
}

function managerStatus({masterNode, timestamp, nodes, services}: ManagerRecord): Json {
  return {
    master_node: masterNode,
    timestamp,
    node_status: {...nodes},
    service_status: Object.fromEntries(
      Object.entries(services).map(([sid, {state, node, uid, target, running}]) => [
        sid,
        {state, node, uid, ...(target !== undefined && {target}), ...(running && {running})},
      ]),
    ),
  }
}

function currentStatus(call: Call): Json {
  const {world, node} = call
  const quorate = world.isQuorate(node)
  const now = world.clock.now()
  const manager = world.store.of('haManager').get('manager')
  const configured = resources(world)
  const entries: Json[] = [
    {
      id: 'quorum',
      type: 'quorum',
      node,
      status: quorate ? 'OK' : `No quorum on node '${node}'!`,
      quorate: quorate ? 1 : 0,
    },
  ]
  if (manager) {
    const {masterNode, timestamp} = manager
    const age = ageText(now, timestamp)
    const text = quorate && age !== 'active' && configured.size === 0 ? 'idle' : age
    const status = `${masterNode} (${text}, ${perlTime(timestamp)})`
    entries.push({id: 'master', type: 'master', node: masterNode, status, timestamp})
    for (const name of Object.keys(manager.nodes).sort()) {
      const hasServices = Object.values(manager.services).some(
        (service) => service.node === name && service.state !== 'stopped',
      )
      entries.push(lrmEntry(name, world.store.of('haLrm').get(name), now, hasServices))
    }
  }

  const sids = [...new Set([...Object.keys(manager?.services ?? {}).sort(), ...configured.keys()])]
  for (const sid of sids) entries.push(serviceEntry(sid, configured.get(sid), manager))
  return entries
}

function ageText(now: number, timestamp: number): string {
  return now - timestamp > OLD_AFTER ? 'old timestamp - dead?' : 'active'
}

function lrmEntry(node: string, lrm: LrmRecord | undefined, now: number, hasServices: boolean): Json {
  const base = {id: `lrm:${node}`, type: 'lrm', node}
  if (!lrm) return {...base, status: `${node} (unable to read lrm status)`}
  const age = ageText(now, lrm.timestamp)
  const text = age !== 'active' ? age : lrm.state === 'wait_for_agent_lock' && !hasServices ? 'idle' : lrm.state
  return {...base, status: `${node} (${text}, ${perlTime(lrm.timestamp)})`, timestamp: lrm.timestamp}
}

function serviceEntry(sid: string, resource: Resource | undefined, manager: ManagerRecord | undefined): Json {
  const service = manager?.services[sid]
  const node = service?.node ?? resource?.node
  const state = verboseState(service, resource?.state)
  return {
    id: `service:${sid}`,
    type: 'service',
    sid,
    ...(node !== undefined && {node}),
    state,
    status: `${sid} (${node ?? '---'}, ${state})`,
    ...(service && {crm_state: service.state}),
    ...(resource && {
      request_state: resource.state,
      max_restart: resource.maxRestart,
      max_relocate: resource.maxRelocate,
      ...(resource.group !== undefined && {group: resource.group}),
      ...(resource.config['comment'] !== undefined && {comment: resource.config['comment']}),
      ...(resource.config['failback'] !== undefined && {failback: resource.config['failback']}),
    }),
  }
}
