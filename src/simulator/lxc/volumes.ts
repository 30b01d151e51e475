import {randomUUID} from 'node:crypto'

import {awaitStorageLock} from '../guest/storage-lock.js'
import {die} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {allocateVolume} from '../storage/allocate.js'
import {createdLogLines} from '../storage/volume-path.js'
import {findVolume, freeVolume, linkedClonesOf, storageConfig, volumeSupports} from '../storage/volumes.js'
import {ext4LogLines} from '../views/ext4.js'
import {mountPoints, type MountPoint, NEW_DISK, printMountPoint, usesVolume} from './mount-points.js'

import type {GuestConfig, GuestRecord, VolumeRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'
import type {Feature} from '../storage/types.js'

const KIB = 1024
const MIB = 1024 ** 2
/** Part of a volume's data that a new file system without files takes. */
const EMPTY_FILESYSTEM = 0.004

export type Log = (line: string) => void

export interface NewVolume {
  readonly storage: string
  readonly node: string
  readonly vmid: number
  readonly sizeBytes: number
  /** Bytes of the files that will be in it. */
  readonly dataBytes?: number
}

/** Makes a volume for a container: a file system of its own, or an image with ext4 on it. */
export function newVolume(world: World, {sizeBytes, dataBytes = 0, ...request}: NewVolume, log: Log): VolumeRecord {
  const storage = storageConfig(world, request.storage)
  const isSubvolume = storage.type === 'zfspool' || sizeBytes === 0
  if (storage.type === 'rbd' && Number(storage.config['krbd'] ?? 0) !== 1) {
    die(`krbd option must be enabled on storage '${storage.storage}'`)
  }

  const volume = allocateVolume(world, {
    ...request,
    sizeBytes,
    format: isSubvolume ? 'subvol' : 'raw',
    prefix: isSubvolume ? 'subvol' : 'vm',
    content: 'rootdir',
    dataBytes: Math.floor(dataBytes + (isSubvolume ? 0 : sizeBytes * EMPTY_FILESYSTEM)),
  })
  for (const line of createdLogLines(world, volume)) log(line)
  if (!isSubvolume) for (const line of ext4LogLines(sizeBytes, randomUUID())) log(line)
  return volume
}

/** Bytes of the files in a volume. */
export function fileBytes({format, size, used}: VolumeRecord): number {
  return format === 'subvol' ? used : Math.max(0, Math.floor(used - size * EMPTY_FILESYSTEM))
}

/**
 * Makes the volumes a configuration asks for with `STORAGE:GIB`; what exists already is taken as it is. If one fails none is left.
 * @returns the mount points as they are stored
 */
export function createVolumes(
  world: World,
  where: {readonly node: string; readonly vmid: number},
  wanted: GuestConfig,
  log: Log,
  dataBytes: (key: string) => number = () => 0,
): {readonly config: GuestConfig; readonly volumes: readonly VolumeRecord[]} {
  const volumes: VolumeRecord[] = []
  const config: Record<string, string> = {}
  try {
    for (const [key, mountPoint] of mountPoints(wanted)) {
      const [, storage, gib] = NEW_DISK.exec(mountPoint.volume) ?? []
      if (storage === undefined) {
        config[key] = printMountPoint(existingVolume(world, where.node, mountPoint))
        continue
      }

      const sizeBytes = Math.floor(Number(gib) * KIB) * MIB
      const volume = newVolume(world, {...where, storage, sizeBytes, dataBytes: dataBytes(key)}, log)
      volumes.push(volume)
      config[key] = printMountPoint({...mountPoint, volume: volume.volid, size: sizeBytes})
    }
  } catch (error) {
    freeVolumes(world, volumes)
    throw error
  }

  return {config, volumes}
}

/** A mount point of a volume that is there already, with its true size. */
function existingVolume(world: World, node: string, mountPoint: MountPoint): MountPoint {
  if (mountPoint.type !== 'volume') return mountPoint
  const volume = findVolume(world, mountPoint.volume, node) ?? die(`unable to find volume '${mountPoint.volume}'`)
  return {...mountPoint, size: volume.size}
}

export function freeVolumes(world: World, volumes: readonly VolumeRecord[]): void {
  for (const volume of volumes) freeVolume(world, volumeKey(volume))
}

/**
 * Removes one volume of a container that is removed or lets go of it; one that is not its own stays.
 * @throws PveError 500 for a base image others are clones of
 */
export function destroyVolume(world: World, {node, vmid}: Pick<GuestRecord, 'node' | 'vmid'>, volid: string): boolean {
  const volume = findVolume(world, volid, node)
  if (!volume || (volume.vmid !== undefined && volume.vmid !== vmid)) return false
  const clones = linkedClonesOf(world, volume)
  if (clones.length > 0) {
    die(`base volume '${nameOf(volume)}' is still in use by linked cloned`)
  }

  return freeVolume(world, volumeKey(volume))
}

function nameOf({volid, storage}: VolumeRecord): string {
  return volid.slice(storage.length + 1)
}

/**
 * Removes every volume a container names, in its snapshots too.
 * @throws PveError 500 as `destroyVolume`, or when a shared storage cannot be locked
 */
export async function destroyVolumes(world: World, guest: GuestRecord, task: Task): Promise<void> {
  const volids = new Set<string>()
  const configs = [guest.config, ...Object.values(guest.snapshots ?? {}).map(({config}) => config)]
  for (const config of configs) {
    for (const [, {type, volume}] of mountPoints(config, {unused: true})) if (type === 'volume') volids.add(volume)
  }

  for (const volid of volids) {
    await awaitStorageLock(world, task, volid.split(':', 1)[0]!)
    destroyVolume(world, guest, volid)
  }
}

/** Whether all volumes of a configuration have a feature. A directory of the host has none. */
export function hasFeature(
  world: World,
  {config, node}: Pick<GuestRecord, 'config' | 'node'>,
  feature: Feature,
  snapname?: string,
): boolean {
  return mountPoints(config).every(([, {volume}]) => volumeHas(world, node, volume, feature, snapname))
}

/** Whether one volume has a feature; containers are cloned as raw images or subvolumes only, which images in files cannot do. */
export function volumeHas(world: World, node: string, volid: string, feature: Feature, snapname?: string): boolean {
  const volume = findVolume(world, volid, node)
  if (!volume || !volumeSupports(world, volume, feature, snapname)) return false
  return feature !== 'clone' || !makesQcow2(world, volume)
}

/** Linked clones of files are qcow2 images. */
function makesQcow2(world: World, volume: VolumeRecord): boolean {
  const {type} = storageConfig(world, volume.storage)
  return ['dir', 'nfs', 'cifs', 'glusterfs'].includes(type)
}

/** Whether a snapshot of the container needs the volume. */
export function inSnapshots({snapshots = {}}: GuestRecord, volid: string): boolean {
  return usesVolume(
    Object.values(snapshots).map(({config}) => config),
    volid,
  )
}
