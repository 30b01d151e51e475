import {guestConsoleRoutes, openSpice} from '../console/guest-console.js'
import {placeOf} from '../console/open-console.js'
import {loadGuest} from '../guest/guests.js'
import {guestLimits, guestUsage} from '../views/guest-figures.js'
import {rrdPoints} from '../views/rrd.js'

import type {Call, Routes} from '../kernel/call.js'
import type {GuestRecord} from '../kernel/state.js'

const PATH = '/nodes/{node}/lxc/{vmid}'

/** What shows the inside of containers: consoles, and figures over time. */
export const lxcConsoleRoutes: Routes = {
  ...guestConsoleRoutes('lxc'),

  [`POST ${PATH}/spiceproxy`](call) {
    loadGuest(call.world, 'lxc', call.node, call.vmid)
    return openSpice(call, `CT ${call.vmid}`)
  },

  [`GET ${PATH}/rrddata`]: (call) => figures(call),
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
