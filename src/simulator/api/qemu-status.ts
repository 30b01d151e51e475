import {isHaManaged, requestHaState} from '../guest/ha-request.js'
import {die, paramError} from '../kernel/pve-error.js'
import {hibernateVm} from '../qemu/hibernate.js'
import {pauseVm, rebootVm, requireRunning, resetVm, resumeVm, startVm, stopVm} from '../qemu/power.js'
import {currentStatus} from '../qemu/status.js'
import {loadVm, requireVm} from '../qemu/vm.js'

import type {Call, Routes} from '../kernel/call.js'

const BASE = '/nodes/{node}/qemu/{vmid}/status'

/** Starting and stopping VMs. */
export const qemuStatusRoutes: Routes = {
  [`GET ${BASE}`](call) {
    loadVm(call.world, call.node, call.vmid)
    return ['current', 'start', 'stop', 'reset', 'shutdown', 'suspend', 'reboot'].map((subdir) => ({subdir}))
  },

  [`GET ${BASE}/current`]: (call) => currentStatus(call.world, loadVm(call.world, call.node, call.vmid)),

  [`POST ${BASE}/start`](call) {
    const {world, node, vmid} = call
    const skiplock = rootOnly(call, 'skiplock')
    for (const name of [
      'stateuri',
      'migratedfrom',
      'migration_type',
      'migration_network',
      'targetstorage',
      'force-cpu',
    ]) {
      if (call.text(name) !== undefined && !call.isRootPam) paramError({[name]: 'Only root may use this option.'})
    }

    world.checkQuorum(node)
    if (isHaManaged(call, 'qemu', vmid)) return requestHaState(call, 'qemu', vmid, 'start')
    return call.startTask('qmstart', vmid, (task) =>
      startVm(world, node, vmid, task, {skiplock, timeout: call.number('timeout')}),
    )
  },

  [`POST ${BASE}/stop`](call) {
    const {world, node, vmid} = call
    const skiplock = rootOnly(call, 'skiplock')
    rootOnly(call, 'keepActive')
    if (call.text('migratedfrom') !== undefined && !call.isRootPam)
      paramError({migratedfrom: 'Only root may use this option.'})
    const overrule = call.flag('overrule-shutdown') ?? false
    if (isHaManaged(call, 'qemu', vmid)) return requestHaState(call, 'qemu', vmid, 'stop')
    return call.startTask('qmstop', vmid, async (task) => {
      if (overrule) await overruleShutdowns(call)
      await stopVm(world, node, vmid, task, {skiplock, timeout: call.number('timeout')})
    })
  },

  [`POST ${BASE}/shutdown`](call) {
    const {world, node, vmid} = call
    const skiplock = rootOnly(call, 'skiplock')
    rootOnly(call, 'keepActive')
    const guest = world.store.of('guests').get(vmid)
    const force = call.flag('forceStop') ?? false
    // a paused guest cannot hear; pulling the plug is all that is left
    const isPaused = guest?.node === node && guest.run?.paused === true
    if (isPaused && !force) die('VM is paused - cannot shutdown')
    if (isHaManaged(call, 'qemu', vmid)) return requestHaState(call, 'qemu', vmid, 'stop')
    return call.startTask('qmshutdown', vmid, (task) => {
      if (isPaused) task.log('VM is paused - stop instead of shutdown')
      return stopVm(world, node, vmid, task, {skiplock, shutdown: !isPaused, force, timeout: call.number('timeout')})
    })
  },

  [`POST ${BASE}/reboot`](call) {
    const {world, node, vmid} = call
    const guest = requireVm(world, node, vmid)
    if (guest.run?.paused) die('VM is paused - cannot shutdown')
    requireRunning(guest)
    return call.startTask('qmreboot', vmid, (task) => rebootVm(world, node, vmid, task, call.number('timeout')))
  },

  [`POST ${BASE}/reset`](call) {
    const {world, node, vmid} = call
    const skiplock = rootOnly(call, 'skiplock')
    requireRunning(requireVm(world, node, vmid))
    return call.startTask('qmreset', vmid, (task) => resetVm(world, node, vmid, task, skiplock))
  },

  [`POST ${BASE}/suspend`](call) {
    const {world, node, vmid} = call
    const toDisk = call.flag('todisk') ?? false
    const skiplock = rootOnly(call, 'skiplock')
    const storage = call.text('statestorage')
    if (storage !== undefined && !toDisk)
      paramError({statestorage: "parameter 'statestorage' needs 'todisk' to be set"})
    requireRunning(requireVm(world, node, vmid))
    if (toDisk && isHaManaged(call, 'qemu', vmid)) die(`VM ${vmid} is managed by HA`)
    if (toDisk)
      return call.startTask('qmsuspend', vmid, (task) => hibernateVm(world, node, vmid, task, {skiplock, storage}))
    return call.startTask('qmpause', vmid, (task) => pauseVm(world, node, vmid, task, skiplock))
  },

  [`POST ${BASE}/resume`](call) {
    const {world, node, vmid} = call
    const skiplock = rootOnly(call, 'skiplock')
    const guest = requireVm(world, node, vmid)
    const isHibernated = guest.config['lock'] === 'suspended'
    if (!isHibernated) requireRunning(guest)
    return call.startTask('qmresume', vmid, (task) =>
      isHibernated ? startVm(world, node, vmid, task) : resumeVm(world, node, vmid, task, skiplock),
    )
  },
}

/** A flag only root@pam himself may set. */
function rootOnly(call: Call, name: string): boolean {
  const value = call.flag(name) ?? false
  if (value && !call.isRootPam) paramError({[name]: 'Only root may use this option.'})
  return value
}

/** Ends the shutdown tasks of the VM that the caller may end. */
async function overruleShutdowns(call: Call): Promise<void> {
  const {world, node, vmid} = call
  for (const task of [...world.store.of('tasks').values()]) {
    if (task.node !== node || task.type !== 'qmshutdown' || task.id !== String(vmid) || task.status !== undefined)
      continue
    world.tasks.stop(task.upid)
    await world.tasks.ended(task.upid)
  }
}
