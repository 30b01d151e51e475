import {die} from '../kernel/pve-error.js'
import {Figures} from '../views/node-figures.js'
import {storageType} from './types.js'
import {parseVolumeName} from './volume-name.js'
import {volumePath} from './volume-path.js'
import {qcow2Preallocation, storageConfig} from './volumes.js'

import type {StorageRecord, VolumeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

const KIB = 1024
const CLUSTER = 64 * KIB
/** A qcow2 file's header, refcounts and first table, and the block its last bytes lie in. */
const QCOW2_BASE = 3 * CLUSTER + 4 * KIB
/** One level 2 table of a qcow2 file maps so much of the disk. */
const L2_REACH = 512 * KIB * KIB

/** Bytes of data in a volume: what it takes besides tables and headers; of one that took its whole size at once, half. */
export function writtenBytes(world: World, volume: VolumeRecord): number {
  const storage = storageConfig(world, volume.storage)
  const empty = occupied(storage, volume.format, volume.size, 0, volume.parent !== undefined)
  const isThick = storageType(storage.type).thick === true && storage.config['sparse'] !== 1
  return isThick ? Math.floor(volume.size / 2) : Math.max(0, Math.min(volume.size, volume.used - empty))
}

/** Bytes a volume of that size takes, `data` of them written. */
export function occupied(
  storage: StorageRecord,
  format: string,
  size: number,
  data: number,
  isLinked: boolean,
): number {
  const preallocation = qcow2Preallocation(storage)
  const isSparse = !storageType(storage.type).thick || storage.config['sparse'] === 1
  if (isLinked) return format === 'qcow2' ? QCOW2_BASE + data : data
  if (!isSparse) return size
  const full = preallocation === 'full' || preallocation === 'falloc' ? size : data
  if (storageType(storage.type).layout !== 'file') return data
  if (format === 'qcow2')
    return full + QCOW2_BASE + (preallocation === 'off' ? 0 : Math.ceil(size / L2_REACH) * CLUSTER)
  return format === 'raw' ? full : data
}

/** @throws PveError 500 with the storage's text if it has not so many bytes left for a volume */
export function checkSpace(
  world: World,
  storage: StorageRecord,
  node: string,
  volume: VolumeRecord,
  bytes: number,
): void {
  const {avail} = new Figures(world).storage(storage, node)
  if (bytes <= avail && avail > 0) return
  if (bytes <= 0) return
  const volname = volume.volid.slice(storage.storage.length + 1)
  const {name} = parseVolumeName(storage, volname)
  switch (storage.type) {
    case 'lvm': {
      return die(`not enough free space (${avail} < ${bytes})`)
    }

    case 'lvmthin': {
      const {vgname, thinpool} = storage.config
      return die(
        `lvcreate '${vgname}/${name}' error:   Cannot create new thin volume, free space in thin pool ${vgname}/${thinpool} reached threshold.`,
      )
    }

    case 'zfs':
    case 'zfspool': {
      return die(`zfs error: cannot create '${storage.config['pool']}/${name}': out of space`)
    }

    case 'rbd': {
      return die("error with 'rbd create': rbd: create error: (28) No space left on device")
    }

    default: {
      return die(`unable to create image: qemu-img: ${volumePath(world, volume)}: No space left on device`)
    }
  }
}
