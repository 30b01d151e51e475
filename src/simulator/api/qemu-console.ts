import {guestConsoleRoutes, openSpice} from '../console/guest-console.js'
import {placeOf} from '../console/open-console.js'
import {die} from '../kernel/pve-error.js'
import {cloudInitEntries, dump, regenerate} from '../qemu/cloudinit.js'
import {withConfigLock} from '../guest/config-lock.js'
import {checkLock} from '../guest/guests.js'
import {qemuVersion} from '../qemu/identity.js'
import {requireRunning} from '../qemu/power.js'
import {parseProperties} from '../qemu/property-string.js'
import {loadVm} from '../qemu/vm.js'
import {guestLimits, guestUsage} from '../views/guest-figures.js'
import {rrdPoints} from '../views/rrd.js'

import type {Call, Routes} from '../kernel/call.js'
import type {GuestRecord} from '../kernel/state.js'

const BASE = '/nodes/{node}/qemu/{vmid}'

/** What shows the inside of VMs: consoles, the monitor, cloud-init data, figures over time. */
export const qemuConsoleRoutes: Routes = {
  ...guestConsoleRoutes('qemu'),

  [`POST ${BASE}/spiceproxy`](call) {
    const guest = loadVm(call.world, call.node, call.vmid)
    requireRunning(guest)
    const display = parseProperties(String(guest.config['vga'] ?? ''), ['type']).head ?? ''
    if (!display.startsWith('qxl')) die(`VM ${call.vmid} qmp command 'query-spice' failed - got no SPICE port`)
    return openSpice(call, `VM ${call.vmid}`)
  },

  [`POST ${BASE}/monitor`](call) {
    const guest = loadVm(call.world, call.node, call.vmid)
    return guest.run ? monitor(call, guest, call.required('command')) : `ERROR: VM ${call.vmid} not running\n`
  },

  async [`PUT ${BASE}/sendkey`](call) {
    const {world, node, vmid} = call
    await withConfigLock(world, {node, vmid}, {}, () => {
      const guest = loadVm(world, node, vmid)
      if (!call.flag('skiplock')) checkLock(guest)
      requireRunning(guest)
    })
    return null
  },

  [`GET ${BASE}/cloudinit`]: (call) => cloudInitEntries(loadVm(call.world, call.node, call.vmid)),
  [`PUT ${BASE}/cloudinit`]: (call) => regenerate(call),
  [`GET ${BASE}/cloudinit/dump`]: (call) =>
    dump(call.world, loadVm(call.world, call.node, call.vmid), call.required('type')),

  [`GET ${BASE}/rrddata`]: (call) => figures(call),
}

/** A few commands of the human monitor. */
function monitor(call: Call, guest: GuestRecord, command: string): string {
  switch (command.trim()) {
    case 'info status': {
      return `VM status: ${guest.run?.paused ? 'paused' : 'running'}\r\n`
    }

    case 'info version': {
      return `${qemuVersion(call.world)}\r\n`
    }

    case 'info name': {
      return `${guestLimits(guest).name}\r\n`
    }

    default: {
      return `unknown command: '${command.trim().split(/\s+/, 1)[0]}'\r\n`
    }
  }
}

/** The figures of a VM since it runs; under a node where it is not, and before, the times alone. Every node keeps those of all guests. */
function figures(call: Call) {
  const {world, vmid} = call
  const node = placeOf(call)
  const guest = world.store.of('guests').get(vmid)
  return rrdPoints(world, call.required('timeframe'), (time) => {
    if (guest?.type !== 'qemu' || guest.node !== node || !guest.run || time * 1000 < guest.run.startedAt)
      return undefined
    const {maxcpu, maxmem, maxdisk} = guestLimits(guest)
    const {cpu, mem} = guestUsage(guest, time * 1000)
    return {maxcpu, cpu, maxmem, mem, maxdisk, disk: 0, netin: 64, netout: 16, diskread: 0, diskwrite: 128}
  })
}
