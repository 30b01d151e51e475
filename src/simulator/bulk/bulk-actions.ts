import {guestLabel} from '../guest/guests.js'
import {Call} from '../kernel/call.js'
import {die, errorText} from '../kernel/pve-error.js'
import {migrateContainer} from '../migration/migrate-container.js'
import {startContainer, stopContainer} from '../lxc/power.js'
import {hibernateVm} from '../qemu/hibernate.js'
import {migrateQemu} from '../migration/migrate-vm.js'
import {vmPrecondition} from '../migration/vm-precondition.js'
import {startVm, stopVm} from '../qemu/power.js'
import type {guestGroups} from './guest-list.js'
import {startup} from './guest-list.js'

import type {ParamValue} from '../kernel/call.js'
import type {GuestRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'

const SHUTDOWN_SECONDS = 180
const QUORUM_POLL_SECONDS = 1

type Groups = ReturnType<typeof guestGroups>

/** Waits in a task until its node has quorum. */
export async function waitForQuorum({world}: Call, task: Task): Promise<void> {
  if (world.isQuorate(task.node)) return
  task.log('waiting for quorum ...')
  while (!world.isQuorate(task.node)) await task.patience(QUORUM_POLL_SECONDS)
  task.log('got quorum')
}

/** Starts guests that do not run, one after the other, each with its pause. Returns those that failed. */
export async function startGuests(call: Call, task: Task, groups: Groups): Promise<readonly number[]> {
  const failed: number[] = []
  for (const guest of groups.flat()) {
    const {world} = call
    const {type, node, vmid} = guest
    if (world.store.of('guests').get(vmid)?.run) continue
    task.log(`Starting ${guestLabel(type)} ${vmid}`)
    const status = await runChild(call, guest, type === 'qemu' ? 'qmstart' : 'vzstart', (child) =>
      type === 'qemu' ? startVm(world, node, vmid, child, {}) : startContainer(world, node, vmid, child),
    )
    if (isFailure(status)) {
      failed.push(vmid)
      task.log(`Starting ${guestLabel(type)} ${vmid} failed: ${status}`)
      continue
    }

    const {up = 0} = startup(guest)
    if (up > 0) {
      task.log(`Waiting for ${up} seconds (startup delay)`)
      await task.sleep(up)
    }
  }

  return failed
}

/** Shuts running guests down, group by group against the order of their start, those of a group together. */
export async function stopGuests(
  call: Call,
  task: Task,
  groups: Groups,
  {workers, force, timeout}: {readonly workers: number; readonly force: boolean; readonly timeout: number | undefined},
): Promise<readonly number[]> {
  const failed: number[] = []
  for (const group of [...groups].reverse()) {
    await inParallel(group, workers, async (guest) => {
      const {world} = call
      const {type, node, vmid} = guest
      if (!world.store.of('guests').get(vmid)?.run) return
      const seconds = timeout ?? startup(guest).down ?? SHUTDOWN_SECONDS
      task.log(`Stopping ${guestLabel(type)} ${vmid} (timeout = ${seconds} seconds)`)
      const options = {shutdown: true, force, timeout: seconds}
      const status = await runChild(call, guest, type === 'qemu' ? 'qmshutdown' : 'vzshutdown', (child) =>
        type === 'qemu' ? stopVm(world, node, vmid, child, options) : stopContainer(world, node, vmid, child, options),
      )
      if (!isFailure(status)) return
      failed.push(vmid)
      task.log(`Stopping ${guestLabel(type)} ${vmid} failed: ${status}`)
    })
  }

  return failed
}

/** Suspends running VMs to disk. */
export async function suspendGuests(
  call: Call,
  task: Task,
  groups: Groups,
  workers: number,
): Promise<readonly number[]> {
  const failed: number[] = []
  const guests = groups.flat().filter(({type, vmid}) => {
    if (type === 'lxc') task.log(`Skipping suspend of CT ${vmid}, not implemented`)
    return type === 'qemu' && call.world.store.of('guests').get(vmid)?.run !== undefined
  })
  await inParallel(guests, workers, async (guest) => {
    const {node, vmid} = guest
    task.log(`Suspending VM ${vmid}`)
    const status = await runChild(call, guest, 'qmsuspend', (child) =>
      hibernateVm(call.world, node, vmid, child, {skiplock: false, storage: undefined}),
    )
    if (!isFailure(status)) return
    failed.push(vmid)
    task.log(`Suspending VM ${vmid} failed: ${status}`)
  })
  return failed
}

/** Moves guests to another node, some at a time. */
export async function migrateGuests(
  call: Call,
  task: Task,
  guests: readonly GuestRecord[],
  {
    target,
    workers,
    withLocalDisks,
  }: {readonly target: string; readonly workers: number; readonly withLocalDisks: boolean},
): Promise<readonly number[]> {
  const failed: number[] = []
  let used = 0
  await inParallel(guests, workers, async (guest) => {
    used++
    const status = await migrateOne(call, task, guest, target, withLocalDisks)
    if (!isFailure(status)) return
    failed.push(guest.vmid)
    task.log(`Migration of ${guestLabel(guest.type)} ${guest.vmid} failed: ${status}`)
  })
  task.log(`All jobs finished, used ${Math.min(used, workers)} workers in total.`)
  return failed
}

async function migrateOne(
  call: Call,
  task: Task,
  guest: GuestRecord,
  target: string,
  withLocalDisks: boolean,
): Promise<string> {
  const {world} = call
  const {type, vmid, run} = guest
  const label = `${guestLabel(type)} ${vmid}`
  try {
    if (type === 'qemu') {
      const obstacles = run ? obstaclesOf(call, guest, target, withLocalDisks) : []
      if (obstacles.length > 0) {
        task.log(`skip ${label} - precondition check failed:`)
        for (const line of obstacles) task.log(line)
        return 'precondition check failed'
      }

      task.log(`Check ${label}: precondition check passed`)
    }

    task.log(`Migrating ${label}`)
    const params: Record<string, ParamValue> = {target}
    if (run) params[type === 'qemu' ? 'online' : 'restart'] = 1
    if (type === 'qemu' && withLocalDisks) params['with-local-disks'] = 1
    const upid =
      type === 'qemu' ? migrateQemu(callFor(call, guest, params)) : migrateContainer(callFor(call, guest, params))
    await world.tasks.ended(upid)
    return world.tasks.get(upid)?.status ?? 'OK'
  } catch (error) {
    return errorText(error)
  }
}

/** What keeps a running VM from being moved. */
function obstaclesOf(call: Call, guest: GuestRecord, target: string, withLocalDisks: boolean): readonly string[] {
  const found = vmPrecondition(callFor(call, guest, {target})) as {
    readonly local_disks?: readonly {readonly volid: string}[]
    readonly local_resources?: readonly string[]
  }
  const disks = found.local_disks ?? []
  const resources = found.local_resources ?? []
  return [
    ...(disks.length > 0 && !withLocalDisks ? [`  Has local disks: ${disks.map(({volid}) => volid).join(', ')}`] : []),
    ...(resources.length > 0 ? [`  Has local resources: ${resources.join(', ')}`] : []),
  ]
}

/** The same caller's call that migrates one guest. */
function callFor(call: Call, {type, node, vmid}: GuestRecord, params: Readonly<Record<string, ParamValue>>): Call {
  const all = {node, vmid, ...params}
  const {world, user, via} = call
  return new Call({
    method: 'POST',
    template: `/nodes/{node}/${type}/{vmid}/migrate`,
    params: all,
    raw: all,
    user,
    via,
    node,
    world,
  })
}

async function runChild(
  {world, user}: Call,
  {node, vmid}: GuestRecord,
  type: string,
  body: (child: Task) => Promise<void>,
): Promise<string> {
  const upid = world.tasks.start({node, type, id: vmid, user}, body)
  await world.tasks.ended(upid)
  return world.tasks.get(upid)?.status ?? 'OK'
}

const isFailure = (status: string): boolean => status !== 'OK' && !/^WARNINGS: \d+$/.test(status)

async function inParallel<T>(items: readonly T[], workers: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }

  await Promise.all(Array.from({length: Math.max(1, workers)}, () => worker()))
}

/** So many guests at a time: what the request says, else the datacenter's `max_workers`. */
export function workersOf(call: Call, fallback?: number): number {
  const configured = call.world.store.of('datacenter').get('options')?.['max_workers']
  return (
    call.number('max-workers') ??
    call.number('maxworkers') ??
    (configured === undefined ? undefined : Number(configured)) ??
    fallback ??
    die("either 'maxworkers' parameter or max_workers in datacenter.cfg must be set!")
  )
}
