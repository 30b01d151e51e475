import type {Routes} from '../kernel/call.js'
import {die, paramError, type Json} from '../kernel/pve-error.js'

const DEFAULT_RANGE = {lower: 100, upper: 1_000_000}

export const clusterStatusRoutes: Routes = {
  'GET /cluster/status'({world, via}) {
    const members = world.members()
    const nodes = members.map((node) => ({
      type: 'node',
      id: `node/${node.node}`,
      name: node.node,
      nodeid: node.nodeid,
      ip: node.ip,
      online: world.sees(via, node) ? 1 : 0,
      local: node.node === via ? 1 : 0,
      level: node.level,
    }))
    const {clusterName, clusterVersion} = world.meta
    if (clusterName === undefined) return nodes
    const cluster = {
      type: 'cluster',
      id: 'cluster',
      name: clusterName,
      nodes: members.length,
      quorate: world.isQuorate(via) ? 1 : 0,
      version: clusterVersion ?? 1,
    }
    return [cluster, ...nodes]
  },

  /** Reserves nothing: two callers get the same id (reference 2.9). The range excludes its upper end. */
  'GET /cluster/nextid'(call) {
    const guests = call.world.store.of('guests')
    const wanted = call.text('vmid')
    if (wanted !== undefined) {
      if (guests.has(wanted)) paramError({vmid: `VM ${wanted} already exists`})
      return wanted
    }

    const {lower, upper} = range(call.world.store.of('datacenter').get('options')?.['next-id'])
    for (let vmid = lower; vmid < upper; vmid++) if (!guests.has(vmid)) return String(vmid)
    return die(`unable to get any free VMID in range [${lower}, ${upper}]`)
  },
}

function range(option: Json | undefined): {lower: number; upper: number} {
  const text = typeof option === 'string' ? option : ''
  const part = (key: 'lower' | 'upper'): number =>
    Number(new RegExp(`${key}=(\\d+)`).exec(text)?.[1] ?? DEFAULT_RANGE[key])
  return {lower: part('lower'), upper: part('upper')}
}
