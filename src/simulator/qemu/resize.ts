import {die, paramError} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {resizeVolume} from '../storage/allocate.js'
import {volumePath} from '../storage/volume-path.js'
import {findVolume, formatDiskSize, storageOnNode} from '../storage/volumes.js'
import {storageType} from '../storage/types.js'
import {isBaseVolume} from '../storage/volumes.js'
import {parseDiskSize} from '../views/disks.js'
import {missingVolume} from './disks.js'
import {splitVolid} from '../storage/volume-name.js'
import {isCdrom, parseDrive, printDrive, withProperties} from './drives.js'
import {withConfigLock} from '../guest/config-lock.js'
import {checkLock} from '../guest/guests.js'
import {checkDigest, loadVm, setVmOptions} from './vm.js'

import type {Call} from '../kernel/call.js'
import type {VolumeRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

const KIB = 1024
const RESIZE_SECONDS = 0.3

/** Makes a disk larger (reference 2.12): everything is said in the task. */
export async function resizeQemu(call: Call): Promise<string | null> {
  const {world, node, vmid} = call
  const skiplock = call.flag('skiplock') ?? false
  if (skiplock && !call.isRootPam) paramError({skiplock: 'Only root may use this option.'})
  const key = call.required('disk')
  const size = call.required('size')
  const digest = call.text('digest')
  const upid = call.startTask('resize', vmid, (task) =>
    withConfigLock(world, {node, vmid}, {task}, async () => {
      const guest = loadVm(world, node, vmid)
      checkDigest(world, guest, digest)
      if (!skiplock) checkLock(guest)
      const value = guest.config[key] ?? die(`disk '${key}' does not exist`)
      const drive = parseDrive(value)
      const volid = splitVolid(drive.file)
      if (drive.properties.get('snapshot') === '1') die(`can't resize volume: ${drive.file} if snapshot exists`)
      if (isCdrom(drive) || !volid) die("you can't resize a cdrom")
      call.check(`/storage/${volid.storage}`, 'Datastore.AllocateSpace')
      const storage = storageOnNode(world, volid.storage, node)
      const volume = findVolume(world, drive.file, node) ?? die(missingVolume(storage.type, drive.file))
      const bytes = newSize(volume, size)
      checkFormat(world, volume, guest.snapshots !== undefined)
      if (bytes !== volume.size) await grow(world, task, volume, bytes, guest.run !== undefined)
      setVmOptions(
        world,
        node,
        vmid,
        {[key]: printDrive(withProperties(drive, {size: formatDiskSize(bytes)}))},
        task.upid,
      )
    }),
  )
  if (world.release !== '7.4') return upid
  await world.tasks.ended(upid)
  const status = world.tasks.get(upid)?.status
  return status === undefined || status === 'OK' ? null : die(status)
}

function newSize(volume: VolumeRecord, text: string): number {
  const relative = text.startsWith('+')
  const asked = parseDiskSize(text.replace('+', '')) ?? die(`invalid size string '${text}'`)
  const bytes = Math.ceil(((relative ? volume.size : 0) + asked) / KIB) * KIB
  if (bytes < volume.size) die('shrinking disks is not supported')
  return bytes
}

/** Old formats keep a snapshot's size: they cannot grow while they have one. */
function checkFormat(world: World, volume: VolumeRecord, hasSnapshots: boolean): void {
  const {type} = storageOnNode(world, volume.storage, volume.node ?? world.members()[0]!.node)
  if (hasSnapshots && volume.format === 'qcow2' && storageType(type).layout === 'file') {
    die(`can't resize a disk image that has snapshots`)
  }
}

async function grow(world: World, task: Task, volume: VolumeRecord, bytes: number, isRunning: boolean): Promise<void> {
  const storage = world.store.of('storages').get(volume.storage)!
  const isFile = storageType(storage.type).layout === 'file'
  if (isFile && isBaseVolume(volume)) {
    // base images are made immutable
    const path = volumePath(world, volume)
    task.log(`qemu-img: Could not open '${path}': Could not open '${path}': Operation not permitted`)
    die(`command '/usr/bin/qemu-img resize -f ${volume.format} ${path} ${bytes}' failed: exit code 1`)
  }

  await task.sleep(RESIZE_SECONDS)
  resizeVolume(world, volumeKey(volume), bytes)
  if (isFile && !isRunning) task.log('Image resized.')
  if (storage.type === 'lvm' || storage.type === 'lvmthin') {
    const name = volume.volid.slice(volume.storage.length + 1)
    const gib = (value: number): string =>
      `${(value / 1024 ** 3).toFixed(2)} GiB (${Math.ceil(value / (4 * 1024 ** 2))} extents)`
    task.log(
      `  Size of logical volume ${storage.config['vgname']}/${name} changed from ${gib(volume.size)} to ${gib(bytes)}.`,
    )
    task.log(`  Logical volume ${storage.config['vgname']}/${name} successfully resized.`)
  }
}
