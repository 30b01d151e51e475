import {die, errorText} from '../kernel/pve-error.js'
import {findVolume, storageOnNode} from '../storage/volumes.js'
import {missingVolume} from './disks.js'
import {splitVolid} from '../storage/volume-name.js'
import {drivesOf} from './drives.js'
import {withConfigLock} from '../guest/config-lock.js'
import {awaitStop, hasBridge, newRun, shutdownSeconds} from '../guest/power.js'
import {checkLock, isTemplate, withOptions} from '../guest/guests.js'
import {parseNet} from './network.js'
import {applyPending} from './pending.js'
import {findVm, loadVm, requireVm, updateVm} from './vm.js'

import type {StopOptions} from '../guest/power.js'
import type {GuestRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

/** Seconds from the start of QEMU until it answers. */
const START_SECONDS = 1
const STOP_SECONDS = 1
const MAX_RESUME_SECONDS = 5

export interface StartOptions {
  readonly skiplock?: boolean | undefined
  readonly timeout?: number | undefined
}

/** Starts a VM: what `qmstart` does. */
export async function startVm(
  world: World,
  node: string,
  vmid: number,
  task: Task,
  {skiplock = false}: StartOptions = {},
): Promise<void> {
  await withConfigLock(world, {node, vmid}, {task}, async () => {
    const guest = loadVm(world, node, vmid)
    if (isTemplate(guest)) die("you can't start a vm if it's a template")
    const isSuspended = guest.config['lock'] === 'suspended'
    if (guest.config['lock'] === 'backup' && guest.run) {
      setRun(world, guest, {paused: undefined})
      return
    }

    if (!skiplock && !isSuspended) checkLock(guest)
    if (guest.run) die(`VM ${vmid} already running`)
    await boot(world, guest, task)
  })
}

async function boot(world: World, guest: GuestRecord, task: Task): Promise<void> {
  const {node, vmid} = guest
  const current = isHibernated(guest) ? guest : applyPending(world, guest)
  checkMachine(world, current)
  checkVolumes(world, current)
  if (isHibernated(current)) task.log('Resuming suspended VM')
  if (current.config['bios'] === 'ovmf' && current.config['efidisk0'] === undefined) {
    task.warn('no efidisk configured! Using temporary efivars disk.')
  }

  checkBridges(world, current, task)
  await task.sleep(START_SECONDS)
  await wakeUp(world, current, task)
  const started = loadVm(world, node, vmid)
  const config = withOptions(started.config, {
    vmstate: null,
    runningmachine: null,
    runningcpu: null,
    ...(isHibernated(started) && {lock: null}),
  })
  const {cloudInit: _remade, ...rest} = started
  world.store.of('guests').put(vmid, {
    ...rest,
    config,
    run: newRun(world, config),
  })
}

async function wakeUp(world: World, guest: GuestRecord, task: Task): Promise<void> {
  const state = guest.config['vmstate']
  if (state === undefined) return
  const volume = findVolume(world, String(state), guest.node)
  await task.sleep(Math.min(MAX_RESUME_SECONDS, (volume?.used ?? 0) / 1024 ** 3))
  if (volume && isHibernated(guest)) {
    world.store.of('volumes').delete(`${volume.node ?? ''}/${volume.volid}`)
    task.log('Resumed VM, removing state')
  }
}

const isHibernated = ({config}: GuestRecord): boolean =>
  config['lock'] === 'suspended' || config['vmstate'] !== undefined

function checkMachine(world: World, {config, node}: GuestRecord): void {
  const record = world.node(node)
  const available = record.sockets * record.cores
  const maximum = Number(config['vcpus'] ?? 0) || Number(config['cores'] ?? 1) * Number(config['sockets'] ?? 1)
  if (maximum > available) die(`MAX ${available} vcpus allowed per VM on this node`)
}

/** Every volume must be there before QEMU is started. */
function checkVolumes(world: World, {config, node}: GuestRecord): void {
  for (const [, drive] of drivesOf(config)) {
    const volid = splitVolid(drive.file)
    if (!volid) continue
    const storage = storageOnNode(world, volid.storage, node)
    if (!findVolume(world, drive.file, node)) die(missingVolume(storage.type, drive.file))
  }
}

/** QEMU itself starts, but not without the bridges its cards are to be plugged into. */
function checkBridges(world: World, {config, node, vmid}: GuestRecord, task: Task): void {
  for (const [key, value] of Object.entries(config)) {
    const index = /^net(\d+)$/.exec(key)?.[1]
    const bridge = index === undefined ? undefined : parseNet(String(value)).properties.get('bridge')
    if (bridge === undefined || hasBridge(world, node, bridge)) continue
    const scripts = '/usr/libexec/qemu-server/pve-bridge'
    task.log(`bridge '${bridge}' does not exist`)
    task.log(
      `kvm: -netdev type=tap,id=${key},ifname=tap${vmid}i${index},script=${scripts},downscript=${scripts}down${
        String(value).startsWith('virtio') && config['vhost'] === 1 ? ',vhost=on' : ''
      }: network script ${scripts} failed with status 512`,
    )
    die('start failed: QEMU exited with code 1')
  }
}

function setRun(world: World, guest: GuestRecord, {paused}: {readonly paused?: true | undefined}): void {
  if (!guest.run) return
  // a process that was left behind by a migration runs again, too
  const {leaving: _left, paused: _before, ...run} = guest.run
  world.store.of('guests').update(guest.vmid, {run: {...run, ...(paused && {paused})}})
}

/** Stops a VM, politely or not: what `qmstop`, `qmshutdown` and the first half of `qmreboot` do. */
export async function stopVm(
  world: World,
  node: string,
  vmid: number,
  task: Task,
  options: StopOptions = {},
): Promise<void> {
  requireVm(world, node, vmid)
  const lockTimeout = options.timeout !== undefined && options.shutdown ? options.timeout : undefined
  await withConfigLock(world, {node, vmid}, {task, ...(lockTimeout !== undefined && {timeout: lockTimeout})}, () =>
    stopLocked(world, node, vmid, task, options),
  )
}

async function stopLocked(
  world: World,
  node: string,
  vmid: number,
  task: Task,
  {skiplock = false, shutdown = false, force = !shutdown, timeout}: StopOptions,
): Promise<void> {
  const guest = requireVm(world, node, vmid)
  if (!guest.run) return
  if (!skiplock) checkLock(guest)
  if (!shutdown) {
    await task.sleep(STOP_SECONDS)
    endRun(world, node, vmid)
    return
  }

  if (await obeys(world, guest, task, shutdownSeconds(guest, timeout))) {
    endRun(world, node, vmid)
    return
  }

  if (!force) die('VM quit/powerdown failed - got timeout')
  task.log('VM still running - terminating now with SIGTERM')
  await task.sleep(STOP_SECONDS)
  endRun(world, node, vmid)
}

/** Waits until the guest has switched itself off, or the time is over. A paused one hears nothing. */
async function obeys(world: World, guest: GuestRecord, task: Task, seconds: number): Promise<boolean> {
  const needs = guest.run?.paused ? undefined : guest.behaviour?.shutdownSeconds
  if (needs !== undefined && needs < seconds) {
    await task.sleep(needs)
    return true
  }

  return awaitStop(task, seconds, () => findVm(world, guest.node, guest.vmid)?.run === undefined)
}

/** The process is gone. What waited for the next start takes effect then, not now. */
export function endRun(world: World, node: string, vmid: number): void {
  const guest = findVm(world, node, vmid)
  if (guest?.run) world.store.of('guests').update(vmid, {run: undefined})
}

/** Shuts a VM down and starts it again with what is pending. */
export async function rebootVm(
  world: World,
  node: string,
  vmid: number,
  task: Task,
  timeout: number | undefined,
): Promise<void> {
  await withConfigLock(world, {node, vmid}, {task}, async () => {
    const guest = requireVm(world, node, vmid)
    if (!guest.run) return
    checkLock(guest)
    await stopLocked(world, node, vmid, task, {shutdown: true, force: false, timeout})
    await boot(world, loadVm(world, node, vmid), task)
  })
}

/** Pulls the reset line. */
export async function resetVm(world: World, node: string, vmid: number, task: Task, skiplock: boolean): Promise<void> {
  await withConfigLock(world, {node, vmid}, {task}, () => {
    const guest = loadVm(world, node, vmid)
    if (!skiplock) checkLock(guest)
    requireRunning(guest)
  })
}

/** @throws PveError 500 `VM 100 not running` */
export function requireRunning(guest: GuestRecord): NonNullable<GuestRecord['run']> {
  return guest.run ?? die(`VM ${guest.vmid} not running`)
}

/** Stops the processors of a VM. */
export async function pauseVm(world: World, node: string, vmid: number, task: Task, skiplock: boolean): Promise<void> {
  await withConfigLock(world, {node, vmid}, {task}, () => {
    const guest = loadVm(world, node, vmid)
    if (!skiplock && guest.config['lock'] !== 'backup') checkLock(guest)
    requireRunning(guest)
    setRun(world, guest, {paused: true})
  })
}

/** Lets the processors run again. */
export async function resumeVm(world: World, node: string, vmid: number, task: Task, skiplock: boolean): Promise<void> {
  await withConfigLock(world, {node, vmid}, {task}, () => {
    const guest = loadVm(world, node, vmid)
    if (!skiplock && guest.config['lock'] !== 'backup') checkLock(guest)
    requireRunning(guest)
    setRun(world, guest, {paused: undefined})
  })
}

/** Removes a lock a failed operation would leave. */
export function unlock(world: World, node: string, vmid: number, lock: string): void {
  const guest = findVm(world, node, vmid)
  if (guest?.config['lock'] !== lock) return
  try {
    updateVm(world, guest, {config: withOptions(guest.config, {lock: null})})
  } catch (error) {
    // without quorum it stays, as it does on a real node
    if (!errorText(error).includes('Permission denied')) throw error
  }
}
