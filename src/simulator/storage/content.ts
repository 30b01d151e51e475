import {addressOf, mayAccessVolume} from './access.js'
import {linkedBase} from './volume-path.js'
import {guestSize, volumesOn} from './volumes.js'
import {storageType} from './types.js'
import {parseVolumeName} from './volume-name.js'

import type {Call} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'
import type {StorageRecord, VolumeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

type Entry = {[key: string]: Json}

const FILE_BLOCK = 4096

/** What a volume is now: a disk belongs to a VM, unless its owner is a container. */
export function contentOf(world: World, volume: VolumeRecord): string {
  if (volume.content !== 'images' && volume.content !== 'rootdir') return volume.content
  const owner = volume.vmid === undefined ? undefined : world.store.of('guests').get(volume.vmid)
  if (!owner) return volume.content
  return owner.type === 'lxc' ? 'rootdir' : 'images'
}

/**
 * The volumes of a storage that the caller may see, as the content list shows them, by name.
 * @param filter one kind of content, one owner
 */
export function listContent(
  call: Call,
  storage: StorageRecord,
  {content, vmid}: {readonly content?: string | undefined; readonly vmid?: number | undefined},
): Entry[] {
  const enabled = String(storage.config['content'] ?? '').split(',')
  return volumesOn(call.world, storage, call.node)
    .map((volume) => ({volume, kind: contentOf(call.world, volume)}))
    .filter(({kind}) => enabled.includes(kind) && (content === undefined || kind === content))
    .filter(({volume}) => vmid === undefined || volume.vmid === vmid)
    .filter(({volume}) => mayAccessVolume(call, addressOf(call, volume.volid)))
    .sort((a, b) => (a.volume.volid < b.volume.volid ? -1 : 1))
    .map(({volume, kind}) => listEntry(storage, volume, kind))
}

function listEntry(storage: StorageRecord, volume: VolumeRecord, content: string): Entry {
  const {volid, format, size, ctime, vmid, notes} = volume
  const base: Entry = {volid, content, format, size, ctime}
  if (content === 'images' || content === 'rootdir') {
    return {...base, ...(vmid !== undefined && {vmid}), ...imageFacts(storage, volume)}
  }

  if (content !== 'backup') return base
  const {name} = parseVolumeName(storage, volid.slice(storage.storage.length + 1))
  return {
    ...base,
    subtype:
      /^vzdump-(qemu|lxc)-/.exec(name)?.[1] ??
      /^(vm|ct)\//.exec(name)?.[1]?.replace('vm', 'qemu').replace('ct', 'lxc') ??
      'unknown',
    ...(vmid !== undefined && {vmid}),
    ...(notes !== undefined && notes !== '' && {notes: storage.type === 'pbs' ? notes : notes.split('\n', 1)[0]!}),
    ...(volume.protected && {protected: 1}),
    ...(storage.type === 'pbs' && serverFacts(volume)),
  }
}

/** What a backup server tells besides (reference 2.14). */
function serverFacts({encrypted, verification, volid}: VolumeRecord): Entry {
  const upid = `UPID:pbs:00000001:00000001:00000001:0:verify:${volid}:root@pam:`
  return {
    ...(encrypted !== undefined && {encrypted}),
    ...(verification !== undefined && {verification: {state: verification, upid}}),
  }
}

function imageFacts(storage: StorageRecord, volume: VolumeRecord): Entry {
  if (storageType(storage.type).layout === 'file') return {used: volume.used, parent: linkedBase(volume) ?? null}
  const base = volume.parent === undefined ? undefined : volume.parent.slice(volume.parent.indexOf(':') + 1)
  return storage.type === 'zfspool' || storage.type === 'rbd'
    ? {name: volume.volid.split(/[:/]/).at(-1)!, ...(base !== undefined && {parent: `${base}@__base__`})}
    : {}
}

/** The answer about one volume. Files that are no disks are measured in whole sectors and blocks, as `qemu-img` does. */
export function volumeFacts(storage: StorageRecord, volume: VolumeRecord, path: string): Entry {
  const isDisk = volume.content === 'images' || volume.content === 'rootdir'
  if (isDisk) {
    const parent = storageType(storage.type).layout === 'file' ? linkedBase(volume) : undefined
    return {path, size: volume.size, used: volume.used, format: volume.format, ...(parent !== undefined && {parent})}
  }

  const facts: Entry = {
    path,
    size: guestSize(volume),
    used: roundUp(volume.size, FILE_BLOCK),
    format: volume.content === 'import' ? volume.format : 'raw',
  }
  if (volume.content !== 'backup') return facts
  return {...facts, ...(volume.notes !== undefined && {notes: volume.notes}), protected: volume.protected ? 1 : 0}
}

const roundUp = (bytes: number, block: number): number => Math.ceil(bytes / block) * block
