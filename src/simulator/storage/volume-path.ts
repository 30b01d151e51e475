import {storageType} from './types.js'
import {contentDirectory, parseVolumeName, type VolumeName} from './volume-name.js'
import {ownName, qcow2Preallocation, storageConfig} from './volumes.js'

import type {StorageRecord, VolumeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** Where a node finds a volume: a file, a device, or what else its storage calls a path. */
export function volumePath(world: World, volume: Pick<VolumeRecord, 'storage' | 'volid'>): string {
  const storage = storageConfig(world, volume.storage)
  return pathOf(storage, parseVolumeName(storage, volume.volid.slice(storage.storage.length + 1)))
}

/** The path of a volume of that name, existing or not. */
export function pathOf(storage: StorageRecord, {content, format, name, vmid}: VolumeName): string {
  const {config, type} = storage
  switch (type) {
    case 'lvm':
    case 'lvmthin': {
      return `/dev/${config['vgname']}/${name}`
    }

    case 'zfspool': {
      return format === 'subvol' ? `/${config['pool']}/${name}` : `/dev/zvol/${config['pool']}/${name}`
    }

    case 'rbd': {
      return `rbd:${config['pool'] ?? 'rbd'}/${name}:conf=/etc/pve/ceph.conf`
    }

    case 'iscsi': {
      return `/dev/disk/by-id/${name.replace(/^\d+\.\d+\.\d+\./, '')}`
    }

    case 'iscsidirect': {
      return `iscsi://${config['portal']}/${config['target']}/${name.replace('lun', '')}`
    }

    case 'zfs': {
      return `iscsi://${config['portal']}/${config['target']}/0`
    }

    case 'pbs': {
      return `${config['server']}:${config['datastore']}:${name}`
    }

    default: {
      const directory = contentDirectory(storage, content)
      if (content !== 'images') return `${directory}/${name}`
      if (type === 'btrfs' && format === 'raw') return `${directory}/${vmid}/${name.replace(/\.raw$/, '')}/disk.raw`
      if (type === 'btrfs' && format === 'subvol') return `${directory}/${vmid}/${name.replace(/\.subvol$/, '')}`
      return `${directory}/${vmid}/${name}`
    }
  }
}

/** How the file of a linked clone names the file it is based on: `../100/base-100-disk-0.qcow2`. */
export function linkedBase({parent}: Pick<VolumeRecord, 'parent'>): string | undefined {
  return parent === undefined ? undefined : `../${ownName(parent)}`
}

/** What a task's log says when a volume is made. */
export function createdLogLines(world: World, volume: VolumeRecord): readonly string[] {
  const storage = storageConfig(world, volume.storage)
  const parsed = parseVolumeName(storage, volume.volid.slice(storage.storage.length + 1))
  const path = pathOf(storage, parsed)
  if (storage.type === 'lvm' || storage.type === 'lvmthin') return [`  Logical volume "${parsed.name}" created.`]
  if (storageType(storage.type).layout !== 'file' || volume.format === 'subvol') return []
  const base = volume.parent?.slice(volume.storage.length + 1)
  const preallocation = qcow2Preallocation(storage)
  if (volume.format === 'qcow2') {
    const origin =
      base === undefined ? '' : ` backing_file=../${ownName(`:${base}`)} backing_fmt=${base.split('.').at(-1)}`
    const prepared = base === undefined && preallocation !== 'off' ? ` preallocation=${preallocation}` : ''
    return [
      `Formatting '${path}', fmt=qcow2 cluster_size=65536 extended_l2=off${prepared} compression_type=zlib size=${volume.size}${origin} lazy_refcounts=off refcount_bits=16`,
    ]
  }

  if (volume.format === 'vmdk')
    return [`Formatting '${path}', fmt=vmdk size=${volume.size} compat6=off hwversion=undefined`]
  // a raw disk on btrfs is a subvolume with a sparse file, which nothing is printed for
  if (storage.type === 'btrfs') return []
  return [
    `Formatting '${path}', fmt=raw size=${volume.size} preallocation=${preallocation === 'metadata' ? 'off' : preallocation}`,
  ]
}
