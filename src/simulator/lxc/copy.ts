import {createHash} from 'node:crypto'

import {awaitStorageLock} from '../guest/storage-lock.js'
import {volumeKey} from '../kernel/state.js'
import {baseName, findVolume, renameVolume} from '../storage/volumes.js'
import {fileBytes, newVolume} from './volumes.js'

import type {VolumeRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'
import type {MountPoint} from './mount-points.js'

const GIB = 1024 ** 3
/** Seconds to copy a GiB of files. */
const SECONDS_PER_GIB = 8
const LEAST_SECONDS = 0.5
/** Bytes of an average file. */
const FILE_BYTES = 163_840

/** Copies a mount point's files to a new volume, with the log of rsync. */
export async function copyVolume(
  world: World,
  task: Task,
  source: MountPoint,
  to: {readonly storage: string; readonly node: string; readonly vmid: number},
): Promise<VolumeRecord> {
  await awaitStorageLock(world, task, to.storage)
  const original = findVolume(world, source.volume, to.node)
  const sizeBytes = original?.size ?? source.size ?? 0
  const dataBytes = original ? fileBytes(original) : 0
  const volume = newVolume(world, {...to, sizeBytes, dataBytes}, task.log)
  await task.sleep(LEAST_SECONDS + (dataBytes / GIB) * SECONDS_PER_GIB)
  for (const line of rsyncLog(source.volume, dataBytes)) task.log(line)
  return volume
}

const grouped = (number: number): string => Math.round(number).toLocaleString('en-US')

/** What rsync says at the end; the figures follow from the amount of data. */
function rsyncLog(volid: string, bytes: number): readonly string[] {
  const regular = Math.max(1, Math.round(bytes / FILE_BYTES))
  const directories = Math.max(1, Math.round(regular / 8))
  // the same volume has the same number of links each time
  const links = createHash('sha1').update(volid).digest()[0]! % 64
  const counts = (dirs: number): string =>
    `${grouped(regular + dirs + links)} (reg: ${grouped(regular)}, dir: ${grouped(dirs)}, link: ${links})`
  const sent = bytes + regular * 64
  const received = regular * 20 + 300
  return [
    '',
    `Number of files: ${counts(directories)}`,
    `Number of created files: ${counts(Math.max(0, directories - 2))}`,
    'Number of deleted files: 0',
    `Number of regular files transferred: ${grouped(regular)}`,
    `Total file size: ${grouped(bytes)} bytes`,
    `Total transferred file size: ${grouped(bytes)} bytes`,
    `Literal data: ${grouped(bytes)} bytes`,
    'Matched data: 0 bytes',
    'File list size: 0',
    'File list generation time: 0.001 seconds',
    'File list transfer time: 0.000 seconds',
    `Total bytes sent: ${grouped(sent)}`,
    `Total bytes received: ${grouped(received)}`,
    '',
    `sent ${grouped(sent)} bytes  received ${grouped(received)} bytes  ${grouped((sent + received) * 2)}.00 bytes/sec`,
    `total size is ${grouped(bytes)}  speedup is 1.00`,
  ]
}

/** Makes a volume the base image of a template. */
export function makeBase(world: World, volume: VolumeRecord): VolumeRecord {
  return renameVolume(world, volumeKey(volume), {name: baseName(volume)})
}

/** Gives a volume to another container of the same node: under its next free name. */
export function rehome(world: World, volume: VolumeRecord, vmid: number): VolumeRecord {
  const extension = /\.\w+$/.exec(volume.volid)?.[0] ?? ''
  const prefix = volume.format === 'subvol' ? 'subvol' : 'vm'
  const taken = new Set(
    [...world.store.of('volumes').values()]
      .filter(({storage, node}) => storage === volume.storage && node === volume.node)
      .map(({volid}) => volid.split(/[/:]/).at(-1)!),
  )
  let index = 0
  while (taken.has(`${prefix}-${vmid}-disk-${index}${extension}`)) index++
  return renameVolume(world, volumeKey(volume), {name: `${prefix}-${vmid}-disk-${index}${extension}`, vmid})
}
