import {openConsole, vncAnswer} from '../guest/console.js'
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
  [`POST ${BASE}/vncproxy`](call) {
    loadVm(call.world, call.node, call.vmid)
    return vncAnswer(call, openConsole(call, 'vncproxy', call.vmid), call.world.fingerprints.get(call.node) ?? '')
  },

  [`POST ${BASE}/termproxy`](call) {
    const {config} = loadVm(call.world, call.node, call.vmid)
    const serial = call.text('serial')
    const display = parseProperties(String(config['vga'] ?? ''), ['type']).head ?? ''
    const wanted =
      serial ?? (/^serial\d+$/.test(display) ? display : Object.keys(config).find((key) => /^serial\d+$/.test(key)))
    if (wanted === undefined) die('unable to find a serial interface')
    if (config[wanted] !== 'socket') die(`serial interface '${wanted}' is not correctly configured`)
    return openConsole(call, 'termproxy', call.vmid)
  },

  [`POST ${BASE}/spiceproxy`](call) {
    const guest = loadVm(call.world, call.node, call.vmid)
    requireRunning(guest)
    const display = parseProperties(String(guest.config['vga'] ?? ''), ['type']).head ?? ''
    if (!display.startsWith('qxl')) die(`VM ${call.vmid} qmp command 'query-spice' failed - got no SPICE port`)
    const {ticket, port} = openConsole(call, 'spiceproxy', call.vmid)
    return {
      type: 'spice',
      title: `VM ${call.vmid}`,
      host: ticket,
      'tls-port': Number(port),
      password: ticket.slice(-20),
      proxy: `http://${call.text('proxy') ?? call.node}:3128`,
      'delete-this-file': 1,
      'toggle-fullscreen': 'Shift+F11',
      'release-cursor': 'Ctrl+Alt+R',
      'secure-attention': 'Ctrl+Alt+Ins',
    }
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

/** The figures of a VM since it runs; of one elsewhere, and before, the times alone. */
function figures(call: Call) {
  const {world, node, vmid} = call
  const guest = world.store.of('guests').get(vmid)
  return rrdPoints(world, call.required('timeframe'), (time) => {
    if (guest?.type !== 'qemu' || guest.node !== node || !guest.run || time * 1000 < guest.run.startedAt)
      return undefined
    const {maxcpu, maxmem, maxdisk} = guestLimits(guest)
    const {cpu, mem} = guestUsage(guest, time * 1000)
    return {maxcpu, cpu, maxmem, mem, maxdisk, disk: 0, netin: 64, netout: 16, diskread: 0, diskwrite: 128}
  })
}
