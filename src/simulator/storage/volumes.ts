import {die} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {Figures, isEnabledOn, isShared} from '../views/node-figures.js'
import {type Feature, storageType, supports as typeSupports, type VolumeState} from './types.js'
import {contentDirectory, parseVolumeName, type VolumeName} from './volume-name.js'

import type {Json} from '../kernel/pve-error.js'
import type {StorageRecord, VolumeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'
import type {StorageUsage} from '../views/node-figures.js'

const KIB = 1024
const CLUSTER = 64 * KIB
/** A qcow2 file's header, refcounts and first table, and the block its last bytes lie in. */
const QCOW2_BASE = 3 * CLUSTER + 4 * KIB
/** One level 2 table of a qcow2 file maps so much of the disk. */
const L2_REACH = 512 * KIB * KIB

/**
 * A storage by its id, whether or not a node can use it.
 * @throws PveError 500 `storage 'x' does not exist`
 */
export function storageConfig(world: World, storageId: string): StorageRecord {
  return world.store.of('storages').get(storageId) ?? die(`storage '${storageId}' does not exist`)
}

/**
 * A storage a node can use.
 * @throws PveError 500 with Proxmox VE's text if it does not exist, is disabled or is not for this node
 */
export function storageOnNode(world: World, storageId: string, node: string): StorageRecord {
  const storage = storageConfig(world, storageId)
  if (storage.config['disable'] === 1) die(`storage '${storageId}' is disabled`)
  if (!isEnabledOn(storage, node)) die(`storage '${storageId}' is not available on node '${node}'`)
  return storage
}

/** Whether a storage is configured for a kind of content. */
export function hasContent(storage: StorageRecord, content: string): boolean {
  return String(storage.config['content'] ?? '')
    .split(',')
    .includes(content)
}

/** Image formats a storage can hold, the one it takes by itself first. */
export function validFormats(storage: StorageRecord): readonly string[] {
  const {formats} = storageType(storage.type)
  const own = storage.config['format']
  return typeof own === 'string' && formats.includes(own)
    ? [own, ...formats.filter((format) => format !== own)]
    : formats
}

/** The format a new disk gets when none is asked for. */
export function defaultFormat(storage: StorageRecord): string {
  return validFormats(storage)[0] ?? 'raw'
}

/** Bytes of a storage as a node sees it; `avail` is never negative. Storages on one file system share what is left. */
export function usage(world: World, storageId: string, node: string): StorageUsage {
  return new Figures(world).storage(storageConfig(world, storageId), node)
}

export interface Allocation {
  readonly storage: string
  /** Where it is made; volumes on shared storage belong to no node. */
  readonly node: string
  readonly vmid: number
  readonly sizeBytes: number
  /** Default: the storage's own. */
  readonly format?: string
  readonly content: 'images' | 'rootdir'
  /** The whole file or device name; default: the next free `PREFIX-VMID-disk-N`. */
  readonly name?: string
  readonly prefix?: 'base' | 'subvol' | 'vm'
  /** Instead of `disk-N`: `cloudinit`, `state-NAME`, … */
  readonly suffix?: string
  /** Bytes written to it at once (a copy, a restored disk, a container's files); a storage without thin volumes takes the whole size anyway. */
  readonly dataBytes?: number
  /** Makes a linked clone of this base volume. */
  readonly base?: VolumeRecord
  readonly inside?: Json
}

/**
 * Makes a disk. Checks the storage, its name and the space; writes the record.
 * @throws PveError 500 with the storage's text: unknown or unavailable storage, wrong format, name taken, no space
 */
export function allocateVolume(world: World, request: Allocation): VolumeRecord {
  const storage = storageOnNode(world, request.storage, request.node)
  const {layout, formats} = storageType(storage.type)
  const {base, vmid} = request
  const format = request.format ?? base?.format ?? (request.prefix === 'subvol' ? 'subvol' : defaultFormat(storage))
  if (!formats.includes(format))
    die(
      formats.length === 0 ? `can't allocate space in storage '${storage.storage}'` : `unsupported format '${format}'`,
    )
  const names = takenNames(world, storage, request.node)
  const name = request.name ?? freeName(world, storage, request, format, names)
  const volname = layout === 'file' ? `${vmid}/${name}` : name
  checkName(storage, volname, vmid, name)
  const node = isShared(storage) ? {} : {node: request.node}
  if (names.has(volname)) refuseTakenName(storage, volname, name)

  const data = Math.min(request.sizeBytes, request.dataBytes ?? 0)
  const used = occupied(storage, format, request.sizeBytes, data, base !== undefined)
  const volume: VolumeRecord = {
    volid: `${storage.storage}:${linkedName(storage, volname, base)}`,
    storage: storage.storage,
    ...node,
    content: request.content,
    format,
    size: request.sizeBytes,
    used,
    ctime: world.clock.now(),
    vmid,
    ...(base && storage.type !== 'btrfs' && {parent: base.volid}),
    ...(request.inside !== undefined && {inside: request.inside}),
  }
  checkSpace(world, storage, request.node, volume, used)
  world.store.of('volumes').put(volumeKey(volume), volume)
  return volume
}

/** The volume a volume id names on a node, whichever of its forms (with or without its base image) is used; undefined if there is none. */
export function findVolume(world: World, volid: string, node: string): VolumeRecord | undefined {
  const storage = world.store.of('storages').get(volid.split(':', 1)[0]!)
  if (!storage) return undefined
  const volumes = world.store.of('volumes')
  const where = isShared(storage) ? {} : {node}
  const exact = volumes.get(volumeKey({volid, ...where}))
  if (exact) return exact
  const wanted = ownName(volid)
  for (const volume of volumes.values()) {
    if (
      volume.storage === storage.storage &&
      volume.node === where.node &&
      volume.parent !== undefined &&
      ownName(volume.volid) === wanted
    )
      return volume
  }

  return undefined
}

/** The volumes of a storage a node sees. */
export function volumesOn(world: World, storage: StorageRecord, node: string): readonly VolumeRecord[] {
  const shared = isShared(storage)
  return [...world.store.of('volumes').values()].filter(
    (volume) => volume.storage === storage.storage && (shared || volume.node === node),
  )
}

/** Removes a volume by its key. False if there was none. Base images with clones are the caller's matter (`linkedClonesOf`). */
export function freeVolume(world: World, key: string): boolean {
  return world.store.of('volumes').delete(key)
}

/** The linked clones of a base volume. */
export function linkedClonesOf(world: World, base: VolumeRecord): readonly VolumeRecord[] {
  return [...world.store.of('volumes').values()].filter(
    (volume) =>
      volume.parent === base.volid &&
      volume.storage === base.storage &&
      (base.node === undefined || volume.node === base.node),
  )
}

/**
 * Makes a volume larger (or smaller, where the caller allows it).
 * @throws PveError 500 if the storage has not the space
 */
export function resizeVolume(world: World, key: string, sizeBytes: number): VolumeRecord {
  const volumes = world.store.of('volumes')
  const volume = volumes.get(key) ?? die(`volume '${key.slice(key.indexOf('/') + 1)}' does not exist`)
  const storage = storageConfig(world, volume.storage)
  const grown = occupied(storage, volume.format, sizeBytes, 0, volume.parent !== undefined)
  const before = occupied(storage, volume.format, volume.size, 0, volume.parent !== undefined)
  const used = Math.max(0, volume.used + grown - before)
  checkSpace(world, storage, volume.node ?? '', volume, used - volume.used)
  return volumes.update(key, {size: sizeBytes, used})
}

/** Notes that data was written to a volume: it takes as much of its storage, and no more than its size. */
export function growUsed(world: World, key: string, bytes: number): void {
  const volume = world.store.of('volumes').get(key)
  if (volume) world.store.of('volumes').update(key, {used: volume.used + Math.max(0, bytes)})
}

/** Bytes of a volume as a guest sees it. What is no disk (an ISO image) is measured in whole sectors. */
export function guestSize({content, size}: Pick<VolumeRecord, 'content' | 'size'>): number {
  return content === 'images' || content === 'rootdir' ? size : Math.ceil(size / 512) * 512
}

/** Bytes of data in a volume: what it takes besides tables and headers; of one that took its whole size at once, half. */
export function writtenBytes(world: World, volume: VolumeRecord): number {
  const storage = storageConfig(world, volume.storage)
  const empty = occupied(storage, volume.format, volume.size, 0, volume.parent !== undefined)
  const isThick = storageType(storage.type).thick === true && storage.config['sparse'] !== 1
  return isThick ? Math.floor(volume.size / 2) : Math.max(0, Math.min(volume.size, volume.used - empty))
}

/**
 * Gives a volume another name: `base-…` for a template, or that of another guest. The data stays where it is; linked clones are not renamed along.
 * @throws PveError 500 if the name is taken
 */
export function renameVolume(
  world: World,
  key: string,
  change: {readonly name: string; readonly vmid?: number},
): VolumeRecord {
  const volumes = world.store.of('volumes')
  const volume = volumes.get(key) ?? die(`volume '${key.slice(key.indexOf('/') + 1)}' does not exist`)
  const storage = storageConfig(world, volume.storage)
  const vmid = change.vmid ?? volume.vmid ?? 0
  const volname = storageType(storage.type).layout === 'file' ? `${vmid}/${change.name}` : change.name
  const renamed: VolumeRecord = {...volume, volid: `${storage.storage}:${volname}`, vmid}
  if (volumes.has(volumeKey(renamed))) die(`target volume '${renamed.volid}' already exists`)
  volumes.delete(key)
  volumes.put(volumeKey(renamed), renamed)
  return renamed
}

/** The name a volume gets when its guest becomes a template: `vm-100-disk-0` becomes `base-100-disk-0`. */
export function baseName(volume: VolumeRecord): string {
  const name = volume.volid.split(/[:/]/).at(-1)!
  return name.replace(/^subvol-/, 'basevol-').replace(/^vm-/, 'base-')
}

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

/** Whether a volume has a feature: itself, or one of its snapshots. */
export function volumeSupports(
  world: World,
  volume: Pick<VolumeRecord, 'format' | 'storage' | 'volid'>,
  feature: Feature,
  snapname?: string,
): boolean {
  const storage = storageConfig(world, volume.storage)
  const state: VolumeState = snapname !== undefined ? 'snap' : isBaseVolume(volume) ? 'base' : 'current'
  return typeSupports(storage.type, volume.format, feature, state)
}

/** Whether a volume is the base image of a template. */
export function isBaseVolume({volid}: Pick<VolumeRecord, 'volid'>): boolean {
  return /^base(?:vol)?-/.test(volid.split(/[:/]/).at(-1)!)
}

/** How the file of a linked clone names the file it is based on: `../100/base-100-disk-0.qcow2`. */
export function linkedBase({parent}: Pick<VolumeRecord, 'parent'>): string | undefined {
  return parent === undefined ? undefined : `../${ownName(parent)}`
}

/** A volume id without the base image in front: `s:100/base-…/101/vm-…` is the file `101/vm-…`. */
function ownName(volid: string): string {
  const name = volid.slice(volid.indexOf(':') + 1)
  return name.replace(/^(?:\d+\/base-[^/]+\/(?=\d+\/)|base(?:vol)?-[^/]+\/)/, '')
}

function linkedName(storage: StorageRecord, volname: string, base: VolumeRecord | undefined): string {
  // LVM and btrfs snapshots don't remember where they come from in their names
  if (!base || ['btrfs', 'lvmthin'].includes(storage.type)) return volname
  return `${ownName(base.volid)}/${volname}`
}

function takenNames(world: World, storage: StorageRecord, node: string): ReadonlySet<string> {
  return new Set(volumesOn(world, storage, node).map(({volid}) => ownName(volid)))
}

const DISK_PATTERN = /^(?:vm|base|subvol|basevol)-(\d+)-disk-(\d+)(\.\w+)?$/

function freeName(
  world: World,
  storage: StorageRecord,
  request: Allocation,
  format: string,
  taken: ReadonlySet<string>,
): string {
  const {layout, formats} = storageType(storage.type)
  const {vmid} = request
  const prefix = request.prefix ?? (format === 'subvol' ? 'subvol' : 'vm')
  const extension = layout === 'file' ? `.${format}` : ''
  if (request.suffix !== undefined) return `${prefix}-${vmid}-${request.suffix}${extension}`
  const numbers = new Set<number>()
  for (const volname of taken) {
    const match = DISK_PATTERN.exec(layout === 'file' ? inDirectory(volname, vmid) : volname)
    // where there are no subvolumes, names of other formats don't count
    if (match && Number(match[1]) === vmid && (formats.includes('subvol') || (match[3] ?? '') === extension))
      numbers.add(Number(match[2]))
  }

  for (let number = 0; number < 10_000; number++)
    if (!numbers.has(number)) return `${prefix}-${vmid}-disk-${number}${extension}`
  return die(`unable to allocate an image name for VM ${vmid} in storage '${storage.storage}'`)
}

/** The name of a file in a guest's directory; the same name in another directory is no obstacle. */
function inDirectory(volname: string, vmid: number): string {
  return volname.startsWith(`${vmid}/`) ? volname.slice(String(vmid).length + 1) : ''
}

function checkName(storage: StorageRecord, volname: string, vmid: number, name: string): void {
  if (storageType(storage.type).layout === 'file') parseVolumeName(storage, volname)
  else if (!new RegExp(`^(?:vm|base|subvol|basevol)-${vmid}-\\S+$`).test(name))
    die(`illegal name '${name}' - should be 'vm-${vmid}-*'`)
}

function refuseTakenName(storage: StorageRecord, volname: string, name: string): never {
  if (storageType(storage.type).layout === 'file')
    die(`disk image '${pathOf(storage, parseVolumeName(storage, volname))}' already exists`)
  if (storage.type === 'zfspool')
    die(`zfs error: cannot create '${storage.config['pool']}/${name}': dataset already exists`)
  if (storage.type === 'rbd') die(`error with 'rbd create': rbd: create error: (17) File exists`)
  return die(
    `lvcreate '${storage.config['vgname']}/${name}' error:   Logical Volume "${name}" already exists in volume group "${storage.config['vgname']}"`,
  )
}

function qcow2Preallocation({config}: StorageRecord): string {
  return String(config['preallocation'] ?? 'metadata')
}

/** Bytes a volume of that size takes, `data` of them written. */
function occupied(storage: StorageRecord, format: string, size: number, data: number, isLinked: boolean): number {
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

function checkSpace(world: World, storage: StorageRecord, node: string, volume: VolumeRecord, bytes: number): void {
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

/** A size in bytes the way Proxmox VE writes it into a configuration: the largest unit that divides it (nothing is `0T`). */
export function formatDiskSize(bytes: number): string {
  let value = bytes
  for (const unit of ['', 'K', 'M', 'G']) {
    if (value % KIB !== 0) return `${value}${unit}`
    value /= KIB
  }

  return `${value}T`
}
