import {configDigest} from '../guest/guests.js'
import {restoreVm} from '../backup/restore-vm.js'
import {paramError} from '../kernel/pve-error.js'
import {cloneQemu} from '../qemu/clone.js'
import {createQemu} from '../qemu/create.js'
import {destroyQemu} from '../qemu/destroy.js'
import {hidePassword, pendingEntries, shownConfig} from '../qemu/pending.js'
import {resizeQemu} from '../qemu/resize.js'
import {listEntry} from '../qemu/status.js'
import {moveDisk} from '../qemu/move.js'
import {templateQemu} from '../qemu/template.js'
import {unlinkDrives, updateInBackground, updateNow} from '../qemu/update.js'
import {loadVm} from '../qemu/vm.js'
import {die, type Json} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'

const BASE = '/nodes/{node}/qemu/{vmid}'
const SUBDIRS = [
  'config',
  'cloudinit',
  'pending',
  'status',
  'unlink',
  'vncproxy',
  'termproxy',
  'migrate',
  'resize',
  'move',
  'rrd',
  'rrddata',
  'monitor',
  'agent',
  'snapshot',
  'spiceproxy',
  'sendkey',
  'firewall',
  'mtunnel',
  'remote_migrate',
]

/** Virtual machines: the list, making and removing them, and their configurations. */
export const qemuRoutes: Routes = {
  'GET /nodes/{node}/qemu'(call) {
    const {world, node} = call
    const full = call.flag('full') ?? false
    return [...world.store.of('guests').values()]
      .filter((guest) => guest.type === 'qemu' && guest.node === node && call.has(`/vms/${guest.vmid}`, 'VM.Audit'))
      .map((guest) => listEntry(world, guest, full))
  },

  'POST /nodes/{node}/qemu': (call) => (call.text('archive') === undefined ? createQemu(call) : restoreVm(call)),
  [`GET ${BASE}`]: () => SUBDIRS.map((subdir) => ({subdir})),
  [`DELETE ${BASE}`]: (call) => destroyQemu(call),
  [`POST ${BASE}/clone`]: (call) => cloneQemu(call),
  [`GET ${BASE}/config`]: (call) => readConfig(call),
  [`PUT ${BASE}/config`]: (call) => updateNow(call),
  [`POST ${BASE}/config`]: (call) => updateInBackground(call),
  [`GET ${BASE}/pending`]: (call) =>
    pendingEntries(call.world, loadVm(call.world, call.node, call.vmid)).map((entry) => ({...entry})),
  [`POST ${BASE}/move_disk`]: (call) => moveDisk(call),
  [`PUT ${BASE}/unlink`]: (call) => unlinkDrives(call),
  [`POST ${BASE}/template`]: (call) => templateQemu(call),
  [`PUT ${BASE}/resize`]: (call) => resizeQemu(call),
}

function readConfig(call: Call): Json {
  const guest = loadVm(call.world, call.node, call.vmid)
  const name = call.text('snapshot')
  if (name === undefined) return shownConfig(call.world, guest, call.flag('current') ?? false)
  if (call.flag('current')) paramError({snapshot: "cannot use 'snapshot' parameter with 'current'"})
  const snapshot = guest.snapshots?.[name] ?? die(`snapshot '${name}' does not exist`)
  return {...hidePassword(snapshot.config), snaptime: snapshot.snaptime, digest: configDigest(call.world, guest)}
}
