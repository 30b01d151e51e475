import {Figures} from '../views/node-figures.js'

import type {Call, Routes} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'
import type {NodeRecord} from '../kernel/state.js'

/** Kernels as the releases ship them. */
const KERNELS: Readonly<Record<string, string>> = {
  '7.4': '5.15.143-1-pve',
  '8.4': '6.8.12-9-pve',
  '9.2': '6.17.4-1-pve',
}
/** Part of the root file system only root may fill. */
const RESERVED_FRACTION = 0.05

export const nodesRoutes: Routes = {
  'GET /nodes'(call) {
    const figures = new Figures(call.world)
    return call.world.members().map((node) => listEntry(call, figures, node))
  },

  'GET /nodes/{node}/status': (call) => nodeStatus(call, call.world.node(call.node)),

  'POST /nodes/{node}/status'(call) {
    const {world, node} = call
    const reboot = call.text('command') === 'reboot'
    // the answer comes first, the machine acts two seconds later (reference 2.15), and answers until its services have stopped
    world.clock.after(2 + STOPPING_SECONDS, () => {
      world.killNode(node)
      if (!reboot) return
      // where nothing takes time there is no moment in which it is off
      if (world.clock.mode.kind === 'instant') world.bootNode(node)
      else world.clock.after(60, () => world.bootNode(node))
    })
    return null
  },
}

/** How long a machine takes to stop its services before its power goes. */
const STOPPING_SECONDS = 10

function listEntry(call: Call, figures: Figures, node: NodeRecord): Json {
  const {world} = call
  const status = world.nodeStatus(call.via, node)
  const fingerprint = world.fingerprints.get(node.node)
  const base = {
    id: `node/${node.node}`,
    node: node.node,
    type: 'node',
    status,
    ...(fingerprint !== undefined && {ssl_fingerprint: fingerprint}),
  }
  if (node.expired) return base
  if (!call.has(`/nodes/${node.node}`, 'Sys.Audit')) return {...base, level: node.level}
  const {maxcpu, maxmem, maxdisk, cpu, mem, disk, uptime} = figures.node(node)
  const limits = {...base, level: node.level, maxcpu, maxmem, maxdisk}
  return status === 'offline' ? limits : {...limits, cpu, mem, disk, uptime}
}

function nodeStatus({world}: Call, node: NodeRecord): Json {
  const {maxcpu, maxmem, maxdisk, cpu, mem, disk, uptime} = new Figures(world).node(node)
  const kernel = KERNELS[world.release]!
  const {version, repoid} = world.meta.version
  const build = '#1 SMP PREEMPT_DYNAMIC'
  const load = cpu * maxcpu
  const free = maxdisk - disk
  return {
    pveversion: `pve-manager/${version}/${repoid}`,
    kversion: `Linux ${kernel} ${build}`,
    'current-kernel': {sysname: 'Linux', release: kernel, version: build, machine: 'x86_64'},
    'boot-info': {mode: 'legacy-bios'},
    cpuinfo: {
      cpus: maxcpu,
      sockets: node.sockets,
      cores: node.cores,
      model: 'AMD EPYC',
      mhz: '2596.148',
      hvm: '',
      user_hz: 100,
      flags:
        'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat mmx fxsr sse sse2 ht syscall nx lm aes avx avx2',
    },
    cpu,
    wait: 0,
    idle: 0,
    uptime,
    loadavg: [load, load * 0.9, load * 0.8].map((value) => value.toFixed(2)),
    memory: {total: maxmem, used: mem, free: maxmem - mem, ...(world.release === '9.2' && {available: maxmem - mem})},
    swap: {total: node.swapBytes, used: 0, free: node.swapBytes},
    rootfs: {total: maxdisk, used: disk, free, avail: Math.max(0, Math.floor(free - maxdisk * RESERVED_FRACTION))},
    ksm: {shared: 0},
  }
}
