import {createHash} from 'node:crypto'

import type {Json} from '../kernel/pve-error.js'
import type {FirewallRecord, PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** Where rules live: what may be written in them differs. */
export type RuleEnvironment = 'cluster' | 'ct' | 'group' | 'host' | 'vm' | 'vnet'

/** One firewall file, or one security group of the cluster's. */
export interface FirewallScope {
  readonly environment: RuleEnvironment
  /** Key of the record. */
  readonly key: string
  /** Name of the lock of its file. */
  readonly lock: string
}

export const CLUSTER_SCOPE: FirewallScope = {environment: 'cluster', key: 'cluster', lock: 'firewall-cluster'}

/** The record of a scope; empty where nothing was ever configured. */
export function firewallOf(world: World, {key}: Pick<FirewallScope, 'key'>): FirewallRecord {
  return world.store.of('firewall').get(key) ?? {}
}

/** Replaces parts of a scope's record. */
export function saveFirewall(world: World, {key}: Pick<FirewallScope, 'key'>, changes: FirewallRecord): void {
  world.store.of('firewall').put(key, {...firewallOf(world, {key}), ...changes})
}

/** `key:value` lines of an entry, as they enter its digest. What is wrong with an entry does not count. */
const lines = (entry: PropertyRecord): string =>
  Object.entries(entry)
    .filter(([, value]) => value !== undefined && value !== null && typeof value !== 'object')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}:${String(value)}\n`)
    .join('')

/** SHA-1 of a list: every element of it carries the same one. */
export function listDigest(list: readonly PropertyRecord[]): string {
  const hash = createHash('sha1')
  for (const entry of list) hash.update(lines(entry))
  return hash.digest('hex')
}

/** A list as it is answered: each element with the digest of the whole. */
export function withDigest(list: readonly PropertyRecord[]): {[key: string]: Json}[] {
  const digest = listDigest(list)
  return list.map((entry) => ({...entry, digest}))
}

/** An IP set's members. */
export function members(set: PropertyRecord): readonly PropertyRecord[] {
  return (set['members'] ?? []) as readonly PropertyRecord[]
}

/** An alias by its name, whatever case; a guest's own before the cluster's. `dc/` and `guest/` name one of both. */
export function findAlias(world: World, scope: FirewallScope, text: string): PropertyRecord | undefined {
  const [, prefix, name] = /^(?:(dc|guest)\/)?(.+)$/.exec(text) ?? []
  const wanted = name?.toLowerCase()
  const find = (of: Pick<FirewallScope, 'key'>): PropertyRecord | undefined =>
    firewallOf(world, of).aliases?.find((alias) => String(alias['name']).toLowerCase() === wanted)
  return (prefix === 'dc' ? undefined : find(scope)) ?? (prefix === 'guest' ? undefined : find(CLUSTER_SCOPE))
}

/** Whether an IP set can be referred to from a scope. */
export function hasIpset(world: World, scope: FirewallScope, name: string, prefix: string | undefined): boolean {
  const has = (of: Pick<FirewallScope, 'key'>): boolean =>
    firewallOf(world, of).ipsets?.some((set) => set['name'] === name) ?? false
  return (prefix !== 'dc' && has(scope)) || (prefix !== 'guest' && has(CLUSTER_SCOPE))
}
