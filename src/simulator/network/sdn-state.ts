import {digestOf} from '../config/sections.js'
import {die, type Json} from '../kernel/pve-error.js'

import type {Call} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** What the software defined network consists of. */
export type SdnKind = 'controllers' | 'dns' | 'fabric_nodes' | 'fabrics' | 'ipams' | 'subnets' | 'vnets' | 'zones'
export type SdnObjects = ReadonlyMap<string, PropertyRecord>
/** Which state is asked for: the files, what was applied last, or both side by side. */
export type SdnView = 'config' | 'pending' | 'running'

const RUNNING = 'running'
/** Kinds an apply makes effective; the others are read from the files whenever they are needed. */
const APPLIED: readonly SdnKind[] = ['zones', 'vnets', 'subnets', 'controllers', 'fabrics', 'fabric_nodes']

/** The objects of a kind as configured, by id. */
export function sdnObjects(world: World, kind: SdnKind): SdnObjects {
  const prefix = `${kind}/`
  const found = [...world.store.of('sdn').entries()]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]): [string, PropertyRecord] => [key.slice(prefix.length), value])
  // the built-in address management is there without being configured
  if (kind === 'ipams' && !world.store.of('sdn').has('ipams/pve')) found.push(['pve', {type: 'pve'}])
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The objects of a kind as they were applied last. */
export function runningObjects(world: World, kind: SdnKind): SdnObjects {
  const running = world.store.of('sdn').get(RUNNING)?.[kind]
  return new Map(Object.entries((running ?? {}) as Readonly<Record<string, PropertyRecord>>))
}

/** Makes what is configured effective. */
export function commitSdn(world: World): void {
  const version = Number(world.store.of('sdn').get(RUNNING)?.['version'] ?? 0) + 1
  const state = Object.fromEntries(APPLIED.map((kind) => [kind, Object.fromEntries(sdnObjects(world, kind)) as Json]))
  world.store.of('sdn').put(RUNNING, {version, ...state})
}

/** Goes back to what is effective. */
export function rollbackSdn(world: World): void {
  for (const kind of APPLIED) {
    for (const id of sdnObjects(world, kind).keys()) world.store.of('sdn').delete(`${kind}/${id}`)
    for (const [id, value] of runningObjects(world, kind)) world.store.of('sdn').put(`${kind}/${id}`, value)
  }
}

/** Whether an apply would change something. */
export function hasPendingSdn(world: World): boolean {
  return APPLIED.some((kind) => [...pendingObjects(world, kind).values()].some(({state}) => state !== undefined))
}

/** @throws PveError 500 `sdn 'x' does not exist` */
export function sdnObject(objects: SdnObjects, id: string): PropertyRecord {
  return objects.get(id) ?? die(`sdn '${id}' does not exist`)
}

/** The objects as a view shows them, with the name of their id among their values. */
export function shownObjects(world: World, kind: SdnKind, idKey: string, view: SdnView): SdnObjects {
  const config = sdnObjects(world, kind)
  const objects =
    view === 'config' ? config : view === 'running' ? runningObjects(world, kind) : pendingObjects(world, kind)
  const digest = view === 'config' ? digestOf(config) : null
  return new Map([...objects].map(([id, value]) => [id, {...value, [idKey]: id, digest}]))
}

/** Applied values, with those that wait under `pending`. */
function pendingObjects(world: World, kind: SdnKind): SdnObjects {
  const running = runningObjects(world, kind)
  const config = sdnObjects(world, kind)
  const result = new Map<string, PropertyRecord>()
  for (const id of new Set([...running.keys(), ...config.keys()])) {
    const [now, next] = [running.get(id), config.get(id)]
    if (!next) result.set(id, {...now, state: 'deleted'})
    else if (now) result.set(id, changedObject(now, next))
    else {
      const {type, ...pending} = next
      result.set(id, {...(type !== undefined && {type}), state: 'new', pending})
    }
  }

  return result
}

function changedObject(now: PropertyRecord, next: PropertyRecord): PropertyRecord {
  const pending: {[key: string]: Json} = {}
  for (const key of new Set([...Object.keys(now), ...Object.keys(next)])) {
    if (next[key] === undefined) pending[key] = 'deleted'
    else if (JSON.stringify(now[key]) !== JSON.stringify(next[key])) pending[key] = next[key]
  }

  return Object.keys(pending).length === 0 ? now : {...now, state: 'changed', pending}
}

/** Virtual networks that are in effect. */
export function runningVnets(world: World): readonly {readonly vnet: string; readonly zone: string}[] {
  return [...runningObjects(world, 'vnets')].map(([vnet, {zone}]) => ({vnet, zone: String(zone)}))
}

/** The state a request asks for. */
export function viewOf(call: Call): SdnView {
  if (call.flag('pending')) return 'pending'
  return call.flag('running') ? 'running' : 'config'
}
