import {die} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {Figures, isEnabledOn, isShared} from '../views/node-figures.js'
import {type Feature, storageType, supports as typeSupports, type VolumeState} from './types.js'

import type {StorageRecord, VolumeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'
import type {StorageUsage} from '../views/node-figures.js'

const KIB = 1024

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

/** How a storage prepares its files: `metadata` unless it says otherwise. */
export function qcow2Preallocation({config}: StorageRecord): string {
  return String(config['preallocation'] ?? 'metadata')
}

/** Bytes of a storage as a node sees it; `avail` is never negative. Storages on one file system share what is left. */
export function usage(world: World, storageId: string, node: string): StorageUsage {
  return new Figures(world).storage(storageConfig(world, storageId), node)
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

/** Notes that data was written to a volume: it takes as much of its storage, and no more than its size. */
export function growUsed(world: World, key: string, bytes: number): void {
  const volume = world.store.of('volumes').get(key)
  if (volume) world.store.of('volumes').update(key, {used: volume.used + Math.max(0, bytes)})
}

/** Bytes of a volume as a guest sees it. What is no disk (an ISO image) is measured in whole sectors. */
export function guestSize({content, size}: Pick<VolumeRecord, 'content' | 'size'>): number {
  return content === 'images' || content === 'rootdir' ? size : Math.ceil(size / 512) * 512
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

/** A volume id without the base image in front: `s:100/base-…/101/vm-…` is the file `101/vm-…`. */
export function ownName(volid: string): string {
  const name = volid.slice(volid.indexOf(':') + 1)
  return name.replace(/^(?:\d+\/base-[^/]+\/(?=\d+\/)|base(?:vol)?-[^/]+\/)/, '')
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
