import {withConfigLock} from '../guest/config-lock.js'
import {
  checkLock,
  checkProtection,
  checkWritable,
  isTemplate,
  loadGuest,
  setOptions,
  withOptions,
} from '../guest/guests.js'
import {haId, haResource} from '../guest/ha-request.js'
import {addUnused} from '../guest/snapshots.js'
import {awaitStorageLock} from '../guest/storage-lock.js'
import {die, paramError} from '../kernel/pve-error.js'
import {aclKey, volumeKey} from '../kernel/state.js'
import {resizeVolume} from '../storage/allocate.js'
import {findVolume, freeVolume, storageOnNode} from '../storage/volumes.js'
import {parseVolumeName} from '../storage/volume-name.js'
import {parseDiskSize} from '../views/disks.js'
import {copyVolume, makeBase, rehome} from './copy.js'
import {mountPoints, parseMountPoint, printMountPoint} from './mount-points.js'
import {halt} from './power.js'
import {checkDigest} from './update.js'
import {destroyVolumes, inSnapshots, volumeHas} from './volumes.js'

import type {Call} from '../kernel/call.js'
import type {GuestRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

const RESIZE_SECONDS = 0.5

/** `DELETE /nodes/{node}/lxc/{vmid}` (reference 2.13). */
export function destroyContainer(call: Call): string {
  const {world, node, vmid} = call
  const purge = call.flag('purge') ?? false
  const force = call.flag('force') ?? false
  const check = (): GuestRecord => {
    const guest = loadGuest(world, 'lxc', node, vmid)
    checkProtection(guest, `can't remove CT ${vmid}`)
    checkLock(guest)
    if (!purge) checkNotReferenced(world, vmid)
    return guest
  }

  const isRunning = (guest: GuestRecord): boolean => guest.run !== undefined && !force
  const running = `unable to destroy CT ${vmid} - container is running`
  if (isRunning(check())) die(running)
  return call.startTask('vzdestroy', vmid, (task) =>
    withConfigLock(world, {type: 'lxc', node, vmid}, {task}, async () => {
      const guest = check()
      if (isRunning(guest)) die(running)
      if (guest.run) {
        task.log(`forced to stop CT ${vmid} before destroying!`)
        await halt(world, guest, task)
      }

      await destroyVolumes(world, guest, task)
      if (call.flag('destroy-unreferenced-disks')) await destroyUnreferenced(world, guest, task)
      checkWritable(world, 'lxc', node, vmid, task.upid)
      removeAccess(world, vmid)
      if (purge) {
        task.log(`purging CT ${vmid} from related configurations..`)
        removeReferences(world, vmid, task)
      }

      world.store.of('guests').delete(vmid)
    }),
  )
}

function checkNotReferenced(world: World, vmid: number): void {
  if (haResource(world, 'lxc', vmid)) {
    die(`unable to remove CT ${vmid} - used in HA resources and purge parameter not set.`)
  }

  for (const [id, job] of world.store.of('replication').entries()) {
    if (Number(job['guest']) === vmid) {
      die(`There is a replication job '${id}' for guest '${vmid}' - Please remove that first.`)
    }
  }
}

async function destroyUnreferenced(world: World, {vmid, node}: GuestRecord, task: Task): Promise<void> {
  for (const volume of [...world.store.of('volumes').values()]) {
    const isDisk = volume.content === 'rootdir' || volume.content === 'images'
    if (volume.vmid !== vmid || !isDisk || (volume.node ?? node) !== node) continue
    await awaitStorageLock(world, task, volume.storage)
    freeVolume(world, volumeKey(volume))
  }
}

/** Rights on a guest, its place in a pool and its firewall go with it. */
function removeAccess(world: World, vmid: number): void {
  for (const entry of [...world.store.of('acl').values()]) {
    if (entry.path === `/vms/${vmid}`) world.store.of('acl').delete(aclKey(entry))
  }

  for (const pool of [...world.store.of('pools').values()]) {
    if (pool.vms.includes(vmid)) {
      world.store.of('pools').update(pool.poolid, {vms: pool.vms.filter((member) => member !== vmid)})
    }
  }

  world.store.of('firewall').delete(`lxc/${vmid}`)
}

function removeReferences(world: World, vmid: number, task: Task): void {
  for (const [id, job] of [...world.store.of('replication').entries()]) {
    if (Number(job['guest']) === vmid) world.store.of('replication').delete(id)
  }

  for (const [id, job] of [...world.store.of('backupJobs').entries()]) {
    const vmids = String(job['vmid'] ?? '').split(',')
    if (!vmids.includes(String(vmid))) continue
    const rest = vmids.filter((member) => member !== String(vmid))
    if (rest.length === 0) world.store.of('backupJobs').delete(id)
    else world.store.of('backupJobs').update(id, {vmid: rest.join(',')})
  }

  if (world.store.of('haResources').delete(haId('lxc', vmid))) {
    task.log(`NOTE: removed CT ${vmid} from HA resource configuration.`)
  }
}

/** `POST …/template`: answers null, though the work is a task (reference 2.13). */
export async function makeTemplate(call: Call): Promise<null> {
  const {world, node, vmid} = call
  await withConfigLock(world, {type: 'lxc', node, vmid}, {}, () => {
    const guest = loadGuest(world, 'lxc', node, vmid)
    checkLock(guest)
    if (Object.keys(guest.snapshots ?? {}).length > 0) {
      die('unable to create template, because CT contains snapshots')
    }

    if (isTemplate(guest)) die("you can't convert a template to a template")
    if (guest.run) die("you can't convert a CT to template if the CT is running")
    call.startTask('vztemplate', vmid, (task) => {
      const current = loadGuest(world, 'lxc', node, vmid)
      for (const [key, {volume}] of mountPoints(current.config)) {
        if (!volumeHas(world, node, volume, 'template')) die(`Template feature is not available for '${key}'`)
      }

      const changes: Record<string, number | string> = {template: 1}
      for (const [key, mountPoint] of mountPoints(current.config)) {
        const volume = findVolume(world, mountPoint.volume, node)
        if (volume) changes[key] = printMountPoint({...mountPoint, volume: makeBase(world, volume).volid})
      }

      checkWritable(world, 'lxc', node, vmid, task.upid)
      setOptions(world, vmid, changes)
    })
  })
  return null
}

/** `PUT …/resize`: containers only grow. */
export function resizeContainer(call: Call): string {
  const {world, node, vmid} = call
  const key = call.required('disk')
  const check = (): {guest: GuestRecord; newSize: number} => {
    const guest = loadGuest(world, 'lxc', node, vmid)
    checkLock(guest)
    checkDigest(call, guest, call.text('digest'))
    const mountPoint = parseMountPoint(key, guest.config[key])
    return {guest, newSize: newSizeOf(call, guest, mountPoint.volume)}
  }

  check()
  return call.startTask('resize', vmid, (task) =>
    withConfigLock(world, {type: 'lxc', node, vmid}, {task}, async () => {
      const {guest, newSize} = check()
      const mountPoint = parseMountPoint(key, guest.config[key])
      const volume = findVolume(world, mountPoint.volume, node)
      await awaitStorageLock(world, task, mountPoint.volume.split(':', 1)[0]!)
      if (volume) resizeVolume(world, volumeKey(volume), newSize)
      await task.sleep(RESIZE_SECONDS)
      checkWritable(world, 'lxc', node, vmid, task.upid)
      setOptions(world, vmid, {[key]: printMountPoint({...mountPoint, size: newSize})})
    }),
  )
}

function newSizeOf(call: Call, guest: GuestRecord, volid: string): number {
  const {world, node} = call
  const [, plus, size = ''] = /^(\+?)(.*)$/.exec(call.required('size')) ?? []
  const asked = parseDiskSize(size) ?? die('invalid size string')
  const storageId = volid.split(':', 1)[0]!
  const storage = storageOnNode(world, storageId, node)
  const {vmid: owner} = parseVolumeName(storage, volid.slice(storageId.length + 1))
  if (owner !== guest.vmid) die(`can't resize mount point owned by another container (${owner})`)
  call.check(`/storage/${storageId}`, 'Datastore.AllocateSpace')
  const current = findVolume(world, volid, node)?.size ?? die(`volume '${volid}' does not exist`)
  const newSize = plus === '+' ? current + asked : asked
  if (newSize < current) die('unable to shrink disk size')
  if (newSize === current) die('disk is already at specified size')
  return newSize
}

/** `POST …/move_volume`: to another storage, or to another container. */
export async function moveVolume(call: Call): Promise<string> {
  const {world, node, vmid} = call
  const storage = call.text('storage')
  const target = call.number('target-vmid')
  if (storage !== undefined && target !== undefined) die('either set storage or target-vmid, but not both')
  if (target !== undefined) return giveVolume(call, target)
  if (storage === undefined) {
    die(
      "Provide either a 'storage' to move the mount point to or a 'target-vmid' and 'target-volume' to move the mount point to another container",
    )
  }

  call.check(`/storage/${storage}`, 'Datastore.AllocateSpace')
  const key = call.required('volume')
  const remove = call.flag('delete') ?? false
  await withConfigLock(world, {type: 'lxc', node, vmid}, {}, () => {
    const guest = loadGuest(world, 'lxc', node, vmid)
    checkLock(guest)
    if (guest.run) die('cannot move volumes of a running container')
    if (/^unused\d+$/.test(key)) {
      die(`cannot move volume '${key}', only configured volumes can be moved to another storage`)
    }

    const {volume} = parseMountPoint(key, guest.config[key])
    if (remove && inSnapshots(guest, volume)) {
      die("you can't move a volume with snapshots and delete the source")
    }

    checkDigest(call, guest, call.text('digest'))
    checkWritable(world, 'lxc', node, vmid)
    setOptions(world, vmid, {lock: 'disk'})
  })
  return call.startTask('move_volume', vmid, async (task) => {
    try {
      await moveToStorage(call, task, key, storage, remove)
    } finally {
      setOptions(world, vmid, {lock: undefined})
    }
  })
}

async function moveToStorage(call: Call, task: Task, key: string, storage: string, remove: boolean): Promise<void> {
  const {world, node, vmid} = call
  storageOnNode(world, storage, node)
  const guest = loadGuest(world, 'lxc', node, vmid)
  const source = parseMountPoint(key, guest.config[key])
  const copy = await copyVolume(world, task, source, {storage, node, vmid})
  const moved = isTemplate(guest) ? makeBase(world, copy) : copy
  const current = loadGuest(world, 'lxc', node, vmid)
  const config = withOptions(current.config, {[key]: printMountPoint({...source, volume: moved.volid})})
  const original = findVolume(world, source.volume, node)
  if (remove && original) freeVolume(world, volumeKey(original))
  world.store.of('guests').update(vmid, {config: remove ? config : addUnused(config, source.volume)})
}

/** Hands a volume over to another container: it gets another name, its data stays where it is. */
function giveVolume(call: Call, target: number): string {
  const {world, node, vmid} = call
  if (target === vmid) {
    paramError({'target-vmid': 'must be different than source VMID to move disk to another container'})
  }

  call.check(`/vms/${target}`, 'VM.Config.Disk')
  const key = call.required('volume')
  const targetKey = call.text('target-volume') ?? key
  const check = (): {source: GuestRecord; receiver: GuestRecord} => {
    const receiver = world.store.of('guests').get(target)
    if (receiver?.node !== node || receiver.type !== 'lxc') {
      die(`Both containers need to be on the same node (${node}) but target container is on ${receiver?.node ?? ''}.`)
    }

    const source = loadGuest(world, 'lxc', node, vmid)
    checkLock(source)
    checkLock(receiver)
    if (isTemplate(source)) die("Can't move volumes from or to template CT")
    if (isTemplate(receiver)) die("Can't move volumes from or to template CT")
    checkDigest(call, source, call.text('digest'))
    checkDigest(call, receiver, call.text('target-digest'))
    if (source.config[key] === undefined) {
      die(`Volume '${key}' for container '${vmid}' does not exist`)
    }

    if (receiver.config[targetKey] !== undefined) {
      die(`Target volume key '${targetKey}' is already in use for container '${target}'`)
    }

    const {type, volume} = parseMountPoint(key, source.config[key])
    if (type !== 'volume') die(`Volume '${key}' needs to be managed by Proxmox VE.`)
    if (!volumeHas(world, node, volume, 'rename'))
      die('Storage does not support moving of this disk to another container')
    if (inSnapshots(source, volume)) die(`Can't move a volume used in a snapshot to another container`)
    if (source.run && !key.startsWith('unused'))
      die(`Cannot move volume '${key}' while the source container is running`)
    return {source, receiver}
  }

  check()
  return call.startTask('move_volume', `${vmid}-${key}>${target}-${targetKey}`, (task) => {
    const {source, receiver} = check()
    const mountPoint = parseMountPoint(key, source.config[key])
    const volume = findVolume(world, mountPoint.volume, node) ?? die(`volume '${mountPoint.volume}' does not exist`)
    task.log(`moving volume '${key}' from container '${vmid}' to '${target}'`)
    const renamed = rehome(world, volume, target).volid
    setOptions(world, vmid, {[key]: undefined})
    task.log(`removing volume '${key}' from container '${vmid}' config`)
    const text = targetKey.startsWith('unused') ? renamed : printMountPoint({...mountPoint, volume: renamed})
    setOptions(world, receiver.vmid, {[targetKey]: text})
    task.log(`target container '${target}' updated with '${targetKey}'`)
  })
}
