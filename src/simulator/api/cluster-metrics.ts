import {assertDigest, changed, digestOf, sectionValues} from '../config/sections.js'
import {die, type Json} from '../kernel/pve-error.js'
import {guestLimits, guestUsage} from '../views/guest-figures.js'
import {Figures} from '../views/node-figures.js'

import type {Call, Routes} from '../kernel/call.js'

const REQUIRED = ['type', 'server', 'port']
/** Kept apart from the configuration, never told. */
const SECRET = 'token'

export const clusterMetricsRoutes: Routes = {
  'GET /cluster/metrics/server'({world}) {
    return [...world.store.of('metricServers').entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, {type, server, port, disable = 0}]) => ({
        id,
        disable,
        type: type!,
        server: server!,
        port: port!,
      }))
  },

  'GET /cluster/metrics/server/{id}'(call) {
    const id = call.required('id')
    return call.world.store.of('metricServers').get(id) ?? die(`status server entry '${id}' does not exist`)
  },

  'POST /cluster/metrics/server/{id}'(call) {
    const id = call.required('id')
    const servers = call.world.store.of('metricServers')
    if (servers.has(id)) die(`Metric server '${id}' already exists`)
    servers.put(id, sectionValues(call.params, 'id', SECRET))
    return null
  },

  'PUT /cluster/metrics/server/{id}'(call) {
    const id = call.required('id')
    const servers = call.world.store.of('metricServers')
    assertDigest(call.text('digest'), digestOf(servers.values()))
    const server = servers.get(id) ?? die(`no such server '${id}'`)
    const values = sectionValues(call.params, 'id', 'digest', 'delete', SECRET)
    servers.put(id, changed(server, values, call.list('delete'), {required: REQUIRED}))
    return null
  },

  'DELETE /cluster/metrics/server/{id}'(call) {
    if (!call.world.store.of('metricServers').delete(call.required('id'))) die('cannot lookup undefined type!')
    return null
  },

  'GET /cluster/metrics/export': exportMetrics,
}

/** The latest figures of nodes, guests and storages, as gauges and counters with the time they were taken. */
function exportMetrics(call: Call): Json {
  const {world} = call
  const timestamp = world.clock.now()
  const start = call.number('start-time')
  if (start !== undefined && timestamp <= start) return {data: []}
  const localOnly = call.flag('local-only') ?? false
  const nodes = world
    .members()
    .filter((node) => world.nodeStatus(call.via, node) === 'online' && (!localOnly || node.node === call.node))
  const figures = new Figures(world)
  const data: Json[] = []
  const add = (id: string, type: string, metrics: object): void => {
    for (const [metric, value] of Object.entries(metrics))
      data.push({id, metric, timestamp, type, value: value as number})
  }

  for (const node of nodes) {
    const {cpu, maxcpu, mem, maxmem, disk, maxdisk, uptime} = figures.node(node)
    const memory = {mem_total: maxmem, mem_used: mem, disk_total: maxdisk, disk_used: disk}
    add(`node/${node.node}`, 'gauge', {cpu_current: cpu, cpu_max: maxcpu, ...memory, uptime})
    for (const guest of figures.guests(node.node)) {
      const id = `${guest.type}/${guest.vmid}`
      const {netin, netout, diskread, diskwrite, ...usage} = guestUsage(guest, world.clock.nowMs())
      const limits = world.derived(guest, guestLimits)
      add(id, 'gauge', {
        cpu_current: usage.cpu,
        cpu_max: limits.maxcpu,
        mem_used: usage.mem,
        mem_total: limits.maxmem,
        disk_total: limits.maxdisk,
        uptime: usage.uptime,
      })
      add(id, 'derive', {net_in: netin, net_out: netout, disk_read: diskread, disk_write: diskwrite})
    }
  }

  return {data}
}
