import {isActiveOn} from '../storage/activation.js'
import {Figures, isEnabledOn, isShared} from '../views/node-figures.js'
import {runningObjects} from '../network/sdn-state.js'
import {guestLimits, guestUsage} from '../views/guest-figures.js'
import {sentState} from '../views/guest-status.js'

import type {} from '../ha/records.js'
import type {Call, Routes} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'
import type {GuestRecord, NodeRecord, StorageRecord} from '../kernel/state.js'

type Entry = {[key: string]: Json}

export const clusterResourcesRoutes: Routes = {
  /** Only what the caller may audit; what a silent node last said for five minutes, then no more than its existence (reference 2.10). */
  'GET /cluster/resources'(call) {
    const type = call.text('type')
    return call.world.answerOnce(`resources ${call.via} ${call.user} ${type ?? ''}`, () => resources(call, type))
  },
}

function resources(call: Call, type: string | undefined): readonly Entry[] {
  const wants = (name: string): boolean => type === undefined || type === name
  const figures = new Figures(call.world)
  const pools = poolByGuest(call)
  return [
    ...(type === undefined ? poolEntries(call) : []),
    ...(wants('vm') ? guestEntries(call, pools) : []),
    ...(wants('node') ? nodeEntries(call, figures) : []),
    ...(wants('storage') ? storageEntries(call, figures) : []),
    ...(wants('sdn') ? sdnEntries(call) : []),
  ]
}

/** A guest as `/cluster/resources` and pools show it. */
export function guestEntry(call: Call, guest: GuestRecord, node: NodeRecord | undefined): Entry {
  const {world} = call
  const {lock, tags} = guest.config
  const entry: Entry = {
    id: `${guest.type}/${guest.vmid}`,
    vmid: guest.vmid,
    type: guest.type,
    node: guest.node,
    status: 'unknown',
  }
  if (lock !== undefined) entry['lock'] = lock
  if (tags !== undefined && tags !== '') entry['tags'] = tags
  if (!node || node.expired) return entry
  const limits = world.derived(guest, guestLimits)
  const {name, maxcpu, maxmem, maxdisk, template} = limits
  const sent = sentState(world, guest, node)
  const usage = guestUsage(sent.guest, sent.at, limits)
  return Object.assign(
    entry,
    {status: sent.status, name, template: template ? 1 : 0, maxmem, maxdisk},
    {maxcpu: maxcpu || node.sockets * node.cores},
    usage,
    {
      ...(world.release === '9.2' && {memhost: guest.run ? Math.floor(usage.mem * 1.1) : 0}),
    },
  )
}

/** A storage on a node as `/cluster/resources` and pools show it. */
export function storageEntry(figures: Figures, storage: StorageRecord, node: NodeRecord): Entry {
  const entry: Entry = {
    id: `storage/${node.node}/${storage.storage}`,
    type: 'storage',
    storage: storage.storage,
    node: node.node,
    plugintype: storage.type,
    content: storage.config['content'] ?? '',
    shared: isShared(storage) ? 1 : 0,
    status: 'unknown',
  }
  if (node.expired || !isActiveOn(storage, node.node)) return entry
  const {total, used} = figures.storage(storage, node.node)
  return {...entry, status: 'available', maxdisk: total, disk: used}
}

function guestEntries(call: Call, pools: ReadonlyMap<number, string>): readonly Entry[] {
  const {world} = call
  const nodes = world.store.of('nodes')
  const entries: Entry[] = []
  for (const guest of world.store.of('guests').values()) {
    if (!call.has(`/vms/${guest.vmid}`, 'VM.Audit')) continue
    const entry = guestEntry(call, guest, nodes.get(guest.node))
    const pool = pools.get(guest.vmid)
    if (pool !== undefined) entry['pool'] = pool
    const ha = haState(call, guest)
    if (ha !== undefined) entry['hastate'] = ha
    entries.push(entry)
  }

  return entries
}

function nodeEntries(call: Call, figures: Figures): readonly Entry[] {
  const {world} = call
  return world.members().map((node) => {
    const status = world.nodeStatus(call.via, node)
    const base: Entry = {id: `node/${node.node}`, type: 'node', node: node.node, status, level: node.level}
    const ha = world.store.of('haManager').get('manager')?.nodes[node.node]
    if (ha !== undefined) base['hastate'] = ha
    const facts: Entry = {'cgroup-mode': 2, ...(world.release === '9.2' && {'host-arch': 'x86_64'})}
    if (node.expired) {
      const {level: _, ...known} = base
      return {...known, ...facts}
    }

    const seen: Entry = {...base, ...facts}
    if (!call.has(`/nodes/${node.node}`, 'Sys.Audit')) return seen
    const {maxcpu, maxmem, maxdisk, cpu, mem, disk, uptime} = figures.node(node)
    const limits = {...seen, maxcpu, maxmem, maxdisk}
    return status === 'offline' ? limits : {...limits, cpu, mem, disk, uptime}
  })
}

function storageEntries(call: Call, figures: Figures): readonly Entry[] {
  const {world} = call
  return [...world.store.of('storages').values()]
    .filter((storage) => call.has(`/storage/${storage.storage}`, 'Datastore.Audit'))
    .flatMap((storage) =>
      world
        .members()
        .filter((node) => isEnabledOn(storage, node.node))
        .map((node) => storageEntry(figures, storage, node)),
    )
}

/** Zones in effect on each node, the one of plain bridges among them. */
function sdnEntries(call: Call): readonly Entry[] {
  const zones = [...runningObjects(call.world, 'zones')]
  return call.world
    .members()
    .filter((node) => call.world.nodeStatus(call.via, node) === 'online')
    .flatMap(({node}) =>
      [
        'localnetwork',
        ...zones
          .filter(([, {nodes}]) => nodes === undefined || String(nodes).split(',').includes(node))
          .map(([zone]) => zone),
      ].map((sdn) => ({
        id: `sdn/${node}/${sdn}`,
        type: 'sdn',
        sdn,
        node,
        status: sdn === 'localnetwork' ? 'ok' : 'available',
      })),
    )
    .filter(({sdn}) => call.hasAny(`/sdn/zones/${sdn}`, 'SDN.Audit', 'SDN.Allocate'))
}

function poolEntries(call: Call): readonly Entry[] {
  return [...call.world.store.of('pools').values()]
    .filter(({poolid}) => call.has(`/pool/${poolid}`, 'Pool.Audit'))
    .map(({poolid}) => ({id: `/pool/${poolid}`, type: 'pool', pool: poolid}))
}

function poolByGuest({world}: Call): ReadonlyMap<number, string> {
  return new Map(
    [...world.store.of('pools').values()].flatMap((pool) => pool.vms.map((vmid) => [vmid, pool.poolid] as const)),
  )
}

function haState({world}: Call, guest: GuestRecord): Json | undefined {
  const resources = world.store.of('haResources')
  if (resources.size === 0) return undefined
  const sid = `${guest.type === 'lxc' ? 'ct' : 'vm'}:${guest.vmid}`
  const record = resources.get(sid)
  if (!record) return undefined
  return world.store.of('haManager').get('manager')?.services[sid]?.state ?? record['state'] ?? null
}
