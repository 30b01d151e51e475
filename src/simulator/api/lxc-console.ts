import {openConsole, vncAnswer} from '../guest/console.js'
import {loadGuest} from '../guest/guests.js'
import {guestLimits, guestUsage} from '../views/guest-figures.js'
import {rrdPoints} from '../views/rrd.js'

import type {Call, Routes} from '../kernel/call.js'
import type {GuestRecord} from '../kernel/state.js'

const PATH = '/nodes/{node}/lxc/{vmid}'

/** What shows the inside of containers: consoles, and figures over time. */
export const lxcConsoleRoutes: Routes = {
  [`POST ${PATH}/vncproxy`](call) {
    loadGuest(call.world, 'lxc', placeOf(call), call.vmid)
    return vncAnswer(call, openConsole(call, 'vncproxy', call.vmid), call.world.fingerprints.get(call.node) ?? '')
  },

  [`POST ${PATH}/termproxy`](call) {
    loadGuest(call.world, 'lxc', placeOf(call), call.vmid)
    return openConsole(call, 'termproxy', call.vmid)
  },

  [`POST ${PATH}/spiceproxy`](call) {
    loadGuest(call.world, 'lxc', call.node, call.vmid)
    const {ticket, port} = openConsole(call, 'spiceproxy', call.vmid)
    return {
      type: 'spice',
      title: `CT ${call.vmid}`,
      host: ticket,
      'tls-port': Number(port),
      password: ticket.slice(-20),
      proxy: `http://${call.text('proxy') ?? call.node}:3128`,
      'delete-this-file': 1,
      'secure-attention': 'Ctrl+Alt+Ins',
      'toggle-fullscreen': 'Shift+F11',
      'release-cursor': 'Ctrl+Alt+R',
    }
  },

  [`GET ${PATH}/rrddata`]: (call) => figures(call),
}

/** The node of the path: consoles are opened by the node that was asked, whose connection goes on to the container's. */
function placeOf(call: Call): string {
  const node = call.required('node')
  return node === 'localhost' ? call.node : node
}

/** The figures of a container since it runs; of one elsewhere, and before, the times alone. */
function figures(call: Call): ReturnType<typeof rrdPoints> {
  const {world, vmid} = call
  const guest = world.store.of('guests').get(vmid)
  const isMine = guest?.type === 'lxc' && guest.node === placeOf(call)
  return rrdPoints(world, call.required('timeframe'), (time) =>
    isMine ? figuresAt(world.node(guest.node), guest, time) : undefined,
  )
}

function figuresAt(
  {sockets, cores}: {readonly sockets: number; readonly cores: number},
  guest: GuestRecord,
  time: number,
): Readonly<Record<string, number>> | undefined {
  if (!guest.run || time * 1000 < guest.run.startedAt) return undefined
  const {maxcpu, maxmem, maxdisk} = guestLimits(guest)
  const {cpu, mem, disk} = guestUsage(guest, time * 1000)
  return {
    maxcpu: maxcpu || sockets * cores,
    cpu,
    maxmem,
    mem,
    maxdisk,
    disk,
    netin: 64,
    netout: 16,
    diskread: 0,
    diskwrite: 128,
  }
}
