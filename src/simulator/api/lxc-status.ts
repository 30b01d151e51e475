import {isHaManaged, requestHaState} from '../guest/ha-request.js'
import {withConfigLock} from '../guest/config-lock.js'
import {checkLock, guestOn, loadGuest} from '../guest/guests.js'
import {die, paramError} from '../kernel/pve-error.js'
import {rebootContainer, startContainer, stopContainer} from '../lxc/power.js'
import {currentStatus} from '../lxc/view.js'

import type {Call, Routes} from '../kernel/call.js'

const PATH = '/nodes/{node}/lxc/{vmid}/status'
/** Where checkpoints would be kept, if containers could be frozen to disk. */
const CHECKPOINTS = '/var/lib/vz/dump'

export const lxcStatusRoutes: Routes = {
  [`GET ${PATH}`]({world, node, vmid}) {
    loadGuest(world, 'lxc', node, vmid)
    return ['current', 'start', 'stop', 'shutdown', 'migrate'].map((subdir) => ({subdir}))
  },

  [`GET ${PATH}/current`]: ({world, node, vmid}) => currentStatus(world, loadGuest(world, 'lxc', node, vmid)),

  [`POST ${PATH}/start`](call) {
    const {world, node, vmid} = call
    const skiplock = skipLock(call)
    if (isRunning(call)) die(`CT ${vmid} already running`)
    world.checkQuorum(node)
    if (isHaManaged(call, 'lxc', vmid)) return requestHaState(call, 'lxc', vmid, 'start')
    return call.startTask('vzstart', vmid, (task) => startContainer(world, node, vmid, task, {skiplock}))
  },

  [`POST ${PATH}/stop`](call) {
    const {world, node, vmid} = call
    const skiplock = skipLock(call)
    requireRunning(call)
    if (isHaManaged(call, 'lxc', vmid)) return requestHaState(call, 'lxc', vmid, 'stop')
    return call.startTask('vzstop', vmid, (task) => {
      if (call.flag('overrule-shutdown')) endShutdowns(call, (line) => task.log(line))
      return stopContainer(world, node, vmid, task, {skiplock})
    })
  },

  [`POST ${PATH}/shutdown`](call) {
    const {world, node, vmid} = call
    requireRunning(call)
    if (isHaManaged(call, 'lxc', vmid)) return requestHaState(call, 'lxc', vmid, 'stop')
    const options = {shutdown: true, force: call.flag('forceStop') ?? false, timeout: call.number('timeout')}
    return call.startTask('vzshutdown', vmid, (task) => stopContainer(world, node, vmid, task, options))
  },

  [`POST ${PATH}/reboot`](call) {
    const {world, node, vmid} = call
    // the text is the server's own
    if (!isRunning(call)) die(`VM ${vmid} not running`)
    return call.startTask('vzreboot', vmid, (task) => rebootContainer(world, node, vmid, task, call.number('timeout')))
  },

  /** Freezing a container to disk does not work in any release: the task fails. */
  [`POST ${PATH}/suspend`](call) {
    requireRunning(call)
    return checkpoint(call, 'vzsuspend', '-s')
  },

  [`POST ${PATH}/resume`](call) {
    if (isRunning(call)) die(`CT ${call.vmid} already running`)
    call.world.checkQuorum(call.node)
    return checkpoint(call, 'vzresume', '-r --foreground')
  },
}

function checkpoint(call: Call, type: string, options: string): string {
  const {world, node, vmid} = call
  return call.startTask(type, vmid, (task) =>
    withConfigLock(world, {type: 'lxc', node, vmid}, {task}, () => {
      checkLock(loadGuest(world, 'lxc', node, vmid))
      task.log(`lxc-checkpoint: ${vmid}: tools/lxc_checkpoint.c: main: 277 Failed to checkpoint ${vmid}.`)
      die(`command 'lxc-checkpoint -n ${vmid} ${options} -D ${CHECKPOINTS}' failed: exit code 1`)
    }),
  )
}

function skipLock(call: Call): boolean {
  const skiplock = call.flag('skiplock') ?? false
  if (skiplock && !call.isRootPam) paramError({skiplock: 'Only root may use this option.'})
  return skiplock
}

function isRunning({world, node, vmid}: Call): boolean {
  return guestOn(world, 'lxc', node, vmid)?.run !== undefined
}

function requireRunning(call: Call): void {
  if (!isRunning(call)) die(`CT ${call.vmid} not running`)
}

/** Ends shutdowns of the container that are still waiting, as far as the caller may. */
function endShutdowns(call: Call, log: (line: string) => void): void {
  const {world, node, vmid} = call
  for (const task of [...world.store.of('tasks').values()]) {
    const waits = task.status === undefined && task.type === 'vzshutdown' && task.id === String(vmid)
    if (!waits || task.node !== node) continue
    if (task.user !== call.user && !call.has(`/nodes/${node}`, 'Sys.Modify')) continue
    log(`aborting shutdown task ${task.upid}`)
    world.tasks.stop(task.upid)
  }
}
