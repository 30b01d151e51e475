import {Figures} from '../views/node-figures.js'
import {guestUsage} from '../views/guest-figures.js'
import {rrdPoints} from '../views/rrd.js'

import type {Call, Handler, Routes} from '../kernel/call.js'

const PATH = '/nodes/{node}'
const RRD_ROOT = '/var/lib/rrdcached/db'

/** Figures of a node over time, and of its guests' network. */
export const nodeFiguresRoutes: Routes = {
  /** Answered by the node that was asked, also for one that is silent: there is nothing of the time it was off. */
  [`GET ${PATH}/rrddata`](call) {
    const {world} = call
    const name = call.required('node')
    const node = world.store.of('nodes').get(name === 'localhost' ? call.via : name)
    if (!node) return rrdPoints(world, call.required('timeframe'), () => undefined)
    const figures = new Figures(world).node(node)
    return rrdPoints(world, call.required('timeframe'), (time) => {
      const isOn = time * 1000 >= node.bootedAt && (node.downSince === undefined || time * 1000 < node.downSince)
      if (!isOn) return undefined
      const {maxcpu, cpu, maxmem, mem, maxdisk, disk} = figures
      return {
        loadavg: cpu * maxcpu,
        maxcpu,
        cpu,
        iowait: 0.001,
        memtotal: maxmem,
        memused: mem,
        swaptotal: node.swapBytes,
        swapused: 0,
        roottotal: maxdisk,
        rootused: disk,
        netin: 1000,
        netout: 500,
        ...(world.release === '9.2' && {
          memavailable: maxmem - mem,
          arcsize: 0,
          pressurecpusome: 0,
          pressureiosome: 0,
          pressureiofull: 0,
          pressurememorysome: 0,
          pressurememoryfull: 0,
        }),
      }
    })
  },

  [`GET ${PATH}/rrd`]: graph((call) => ['node', call.required('node')]),
  [`GET ${PATH}/qemu/{vmid}/rrd`]: graph((call) => ['vm', String(call.vmid)]),
  [`GET ${PATH}/lxc/{vmid}/rrd`]: graph((call) => ['vm', String(call.vmid)]),
  [`GET ${PATH}/storage/{storage}/rrd`]: graph((call) => [
    'storage',
    `${call.required('node')}/${call.required('storage')}`,
  ]),

  /** What each network interface of a running guest has sent and received. */
  [`GET ${PATH}/netstat`]: ({world, node}) =>
    [...world.store.of('guests').values()]
      .filter((guest) => guest.node === node && guest.run)
      .flatMap((guest) => {
        const {netin, netout} = guestUsage(guest, world.clock.nowMs())
        const devices = Object.keys(guest.config).filter((key) => /^net\d+$/.test(key))
        return devices.map((dev) => ({vmid: String(guest.vmid), dev, in: String(netin), out: String(netout)}))
      }),
}

/** A graph as a file on the node. */
function graph(name: (call: Call) => readonly [kind: string, id: string]): Handler {
  return (call) => {
    const [kind, id] = name(call)
    const directory = call.world.release === '9.2' ? `pve-${kind}-9.0` : `pve2-${kind}`
    return {filename: `${RRD_ROOT}/${directory}/${id}_${call.list('ds').join('_')}.png`}
  }
}
