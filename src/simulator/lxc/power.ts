import {withConfigLock} from '../guest/config-lock.js'
import {awaitStop, hasBridge, newRun, shutdownSeconds} from '../guest/power.js'
import {checkLock, guestOn, isTemplate, loadGuest} from '../guest/guests.js'
import {die} from '../kernel/pve-error.js'
import {findVolume, storageOnNode} from '../storage/volumes.js'
import {parsePropertyString} from '../../domain/property-string.js'
import {mountPoints} from './mount-points.js'
import {takePending} from './update.js'

import type {StopOptions} from '../guest/power.js'
import type {GuestRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

const START_SECONDS = 1
const STOP_SECONDS = 1

/** Starts a container: what `vzstart` does. */
export async function startContainer(
  world: World,
  node: string,
  vmid: number,
  task: Task,
  {skiplock = false}: {readonly skiplock?: boolean | undefined} = {},
): Promise<void> {
  await withConfigLock(world, {type: 'lxc', node, vmid}, {task}, async () => {
    const guest = loadGuest(world, 'lxc', node, vmid)
    if (isTemplate(guest)) die("you can't start a CT if it's a template")
    if (!skiplock && guest.config['lock'] !== 'mounted') checkLock(guest)
    if (guest.run) die(`CT ${vmid} already running`)
    await boot(world, guest, task)
  })
}

/** The start itself, with what was pending; the caller holds the lock. */
async function boot(world: World, guest: GuestRecord, task: Task): Promise<void> {
  const {node, vmid} = guest
  const next = takePending(world, guest)
  world.store.of('guests').put(vmid, next)
  checkQuotas(next)
  checkVolumes(world, next)
  checkBridges(world, next, task)
  await task.sleep(START_SECONDS)
  const current = loadGuest(world, 'lxc', node, vmid)
  world.store.of('guests').update(vmid, {
    run: newRun(world, current.config),
  })
}

function checkQuotas({config}: GuestRecord): void {
  if (Number(config['unprivileged'] ?? 0) !== 1) return
  for (const [, {rest}] of mountPoints(config)) {
    if (rest.get('quota') === '1') die('Quotas are not supported by unprivileged containers.')
  }
}

function checkVolumes(world: World, {config, node}: GuestRecord): void {
  for (const [, {type, volume}] of mountPoints(config)) {
    if (type !== 'volume') continue
    storageOnNode(world, volume.split(':', 1)[0]!, node)
    if (!findVolume(world, volume, node)) die(`volume '${volume}' does not exist`)
  }
}

/** The interfaces of a container are plugged into bridges of its node before anything of it runs. */
function checkBridges(world: World, {config, node, vmid}: GuestRecord, task: Task): void {
  for (const [key, value] of Object.entries(config)) {
    const bridge = /^net\d+$/.test(key) ? parsePropertyString(String(value)).get('bridge') : undefined
    if (bridge === undefined || hasBridge(world, node, bridge)) continue
    task.log(`bridge '${bridge}' does not exist`)
    task.log('run_buffer: 571 Script exited with status 2')
    task.log(`lxc_create_network_priv: 3466 Success - Failed to create network device`)
    task.log('lxc_spawn: 1852 Failed to create the network')
    task.log(`__lxc_start: 2119 Failed to spawn container "${vmid}"`)
    die(`startup for container '${vmid}' failed`)
  }
}

/** Stops a container, politely or not. */
export async function stopContainer(
  world: World,
  node: string,
  vmid: number,
  task: Task,
  options: StopOptions = {},
): Promise<void> {
  await withConfigLock(world, {type: 'lxc', node, vmid}, {task}, async () => {
    const guest = loadGuest(world, 'lxc', node, vmid)
    if (!options.skiplock && guest.config['lock'] !== 'mounted') checkLock(guest)
    await halt(world, guest, task, options)
  })
}

/** The stop itself; the caller holds the lock, or needs none. */
export async function halt(
  world: World,
  {node, vmid, config, behaviour}: GuestRecord,
  task: Task,
  {shutdown = false, force = false, timeout}: StopOptions = {},
): Promise<void> {
  const isStopped = (): boolean => guestOn(world, 'lxc', node, vmid)?.run === undefined
  if (isStopped()) return
  if (shutdown) {
    const patience = shutdownSeconds({config}, timeout)
    const needs = behaviour?.shutdownSeconds
    if (needs !== undefined && needs <= patience) await task.sleep(needs)
    else if (!(await awaitStop(task, patience, isStopped)) && !force) {
      task.log(`command 'lxc-stop -n ${vmid} --nokill --timeout ${patience}' failed: exit code 1`)
      die('container did not stop')
    }
  } else {
    await task.sleep(STOP_SECONDS)
  }

  if (!isStopped()) world.store.of('guests').update(vmid, {run: undefined})
}

/** Shuts a container down, if need be by force, and starts it again. */
export async function rebootContainer(
  world: World,
  node: string,
  vmid: number,
  task: Task,
  timeout: number | undefined,
): Promise<void> {
  await withConfigLock(world, {type: 'lxc', node, vmid}, {task}, async () => {
    const guest = loadGuest(world, 'lxc', node, vmid)
    checkLock(guest)
    await halt(world, guest, task, {shutdown: true, force: true, timeout})
    await boot(world, loadGuest(world, 'lxc', node, vmid), task)
  })
}
