import {die} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {isShared} from '../views/node-figures.js'
import {checkActivation} from './activation.js'
import {checkSpace, occupied} from './space.js'
import {storageType} from './types.js'
import {parseVolumeName} from './volume-name.js'
import {pathOf} from './volume-path.js'
import {defaultFormat, ownName, storageConfig, storageOnNode, volumesOn} from './volumes.js'

import type {Json} from '../kernel/pve-error.js'
import type {StorageRecord, VolumeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

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
  checkActivation(storage, request.node)
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
