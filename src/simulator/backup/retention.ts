import {volumeKey} from '../kernel/state.js'
import {die} from '../kernel/pve-error.js'
import {freeVolume, hasContent, volumesOn} from '../storage/volumes.js'
import {type KeepOptions, parseKeep, type PruneCandidate, pruneMarks} from './prune.js'

import type {PropertyRecord, StorageRecord, VolumeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

const STANDARD_NAME =
  /:backup\/vzdump-(lxc|openvz|qemu)-(\d+)-\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d\.(?:tgz|(?:tar|vma)(?:\.(?:gz|lzo|zst|bz2))?)$/
const PBS_NAME = /:backup\/(ct|vm)\/(\d+)\//

export interface Selection {
  readonly node: string
  readonly vmid?: number | undefined
  readonly type?: string | undefined
}

/** What a backup's name says: whose it is. */
export function backupOwner(volid: string): {readonly type: string; readonly vmid: number} | undefined {
  const standard = STANDARD_NAME.exec(volid)
  if (standard) return {type: standard[1]!, vmid: Number(standard[2])}
  const pbs = PBS_NAME.exec(volid)
  return pbs ? {type: pbs[1] === 'vm' ? 'qemu' : 'lxc', vmid: Number(pbs[2])} : undefined
}

/**
 * What retention would do with the backups of a storage, or does: one entry for each, with its mark.
 * @param keep undefined: as the storage is configured
 * @throws PveError 500 if the storage holds no backups or has no rule
 */
export function pruneStorage(
  world: World,
  storage: StorageRecord,
  keep: KeepOptions | undefined,
  selection: Selection,
): readonly PropertyRecord[] {
  const id = storage.storage
  if (!hasContent(storage, 'backup')) die(`storage '${id}' does not support backups`)
  const rules = keep ?? configuredKeep(storage) ?? die(`no prune-backups options configured for storage '${id}'`)
  const entries = volumesOn(world, storage, selection.node)
    .filter(({content}) => content === 'backup')
    .map((volume) => ({volume, owner: backupOwner(volume.volid)}))
    .filter(({volume, owner}) => selection.vmid === undefined || (owner?.vmid ?? volume.vmid) === selection.vmid)
    .filter(({owner}) => selection.type === undefined || (owner?.type ?? 'unknown') === selection.type)
  const marks = pruneMarks(
    entries.map(({volume, owner}) => candidate(volume, owner)),
    rules,
    world.node(selection.node).timezone,
  )
  return entries.map(({volume, owner}) => ({
    volid: volume.volid,
    ctime: volume.ctime,
    type: owner?.type ?? 'unknown',
    mark: marks.get(volume.volid)!,
    ...((owner?.vmid ?? volume.vmid) !== undefined && {vmid: owner?.vmid ?? volume.vmid!}),
  }))
}

/** Removes what retention marked; says each. */
export function removeMarked(
  world: World,
  entries: readonly PropertyRecord[],
  node: string,
  log: (line: string) => void,
): number {
  const doomed = entries.filter(({mark}) => mark === 'remove')
  for (const {volid} of doomed) {
    log(`removing backup '${volid}'`)
    if (!freeVolume(world, volumeKey({volid: String(volid), node})))
      freeVolume(world, volumeKey({volid: String(volid)}))
  }

  return doomed.length
}

/** The rules in a storage's configuration. */
export function configuredKeep({config}: StorageRecord): KeepOptions | undefined {
  if (config['prune-backups'] !== undefined) return parseKeep(String(config['prune-backups']))
  return config['maxfiles'] === undefined ? undefined : fromMaxfiles(Number(config['maxfiles']))
}

/** What the old `maxfiles` means. */
export function fromMaxfiles(count: number): KeepOptions {
  return count === 0 ? {all: true} : {last: count}
}

function candidate(volume: VolumeRecord, owner: ReturnType<typeof backupOwner>): PruneCandidate {
  return {
    volid: volume.volid,
    ctime: volume.ctime,
    ...(owner && {group: `${owner.type}/${owner.vmid}`}),
    ...(volume.protected && {protected: true}),
  }
}
