import {die} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {mountPoints} from '../lxc/mount-points.js'
import {createdLogLines} from '../storage/volume-path.js'
import {findVolume, storageConfig, storageOnNode} from '../storage/volumes.js'
import {isShared} from '../views/node-figures.js'
import {cloneTrouble, freeVolid, info, type Migration, unsendable} from './migration.js'

import type {GuestRecord, VolumeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

const MIB = 1024 ** 2
/** Bytes copied in a second, and how often that is told. */
const COPY_RATE = 100 * MIB
const COPY_REPORT_SECONDS = 3

/** The volumes that have to be copied; logs where each of them lies. */
export function localVolumes(migration: Migration, guest: GuestRecord): readonly VolumeRecord[] {
  const {world, node, vmid} = migration
  const found = new Map<string, 'config' | 'snapshot' | 'storage'>()
  for (const volume of world.store.of('volumes').values()) {
    if (volume.vmid === vmid && volume.node === node && volume.content === 'rootdir') found.set(volume.volid, 'storage')
  }

  for (const {config} of Object.values(guest.snapshots ?? {})) {
    for (const [, {type, volume}] of mountPoints(config)) {
      if (type === 'volume' && isLocal(world, volume)) found.set(volume, 'snapshot')
    }
  }

  for (const [key, {type, volume}] of mountPoints(guest.config, {unused: true})) {
    if (type !== 'volume') info(migration, `ignoring shared '${type}' mount point '${key}' ('${volume}')`)
    else if (!isLocal(world, volume)) {
      info(migration, `volume '${volume}' is on shared storage '${volume.split(':', 1)[0]}'`)
    } else if (found.get(volume) !== 'snapshot') found.set(volume, 'config')
  }

  return checkedVolumes(migration, found)
}

const isLocal = (world: World, volid: string): boolean => !isShared(storageConfig(world, volid.split(':', 1)[0]!))

const REFERENCES = {config: 'in current VM config', snapshot: 'referenced by snapshot(s)', storage: 'via storage'}

function checkedVolumes(
  migration: Migration,
  found: ReadonlyMap<string, keyof typeof REFERENCES>,
): readonly VolumeRecord[] {
  const {world, node} = migration
  const errors = new Map<string, string>()
  const volumes: VolumeRecord[] = []
  for (const [volid, reference] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const storage = storageConfig(world, volid.split(':', 1)[0]!)
    const volume = findVolume(world, volid, node)
    const refusal = unsendable(storage.type)
    info(migration, `found local volume '${volid}' (${REFERENCES[reference]})`)
    if (refusal !== undefined) errors.set(volid, refusal)
    else if (reference === 'snapshot' && storage.type !== 'zfspool' && storage.type !== 'btrfs') {
      errors.set(volid, 'non-migratable snapshot exists')
    } else if (volume?.parent !== undefined) {
      errors.set(volid, cloneTrouble(volume)!)
    } else if (volume) volumes.push(volume)
    else errors.set(volid, `volume '${volid}' does not exist`)
  }

  for (const [volid, text] of errors) info(migration, `can't migrate local volume '${volid}': ${text}`)
  if (errors.size > 0) die("can't migrate CT - check log")
  return volumes
}

/** Sends a volume to the target node; it keeps its name where that is free. */
export async function sendVolume(
  {world, task, to, mapStorage}: Migration,
  volume: VolumeRecord,
): Promise<VolumeRecord> {
  const storage = mapStorage(volume.storage)
  const record = storageOnNode(world, storage, to.node)
  const {node: _node, ...rest} = volume
  const copy: VolumeRecord = {
    ...rest,
    ...(!isShared(record) && {node: to.node}),
    storage,
    volid: freeVolid(world, `${storage}:${volume.volid.slice(volume.storage.length + 1)}`, to.node),
    ctime: world.clock.now(),
  }
  for (const line of createdLogLines(world, copy)) task.log(line)
  for (let sent = 0, seconds = 0; sent < volume.used;) {
    const step = Math.min(COPY_REPORT_SECONDS, (volume.used - sent) / COPY_RATE)
    await task.sleep(step)
    seconds += step
    sent = Math.min(volume.used, sent + step * COPY_RATE)
    const mega = Math.round(sent / 1e6)
    task.log(
      `${Math.round(sent)} bytes (${mega} MB, ${Math.round(sent / MIB)} MiB) copied, ${Math.max(1, Math.round(seconds))} s, ${(sent / 1e6 / Math.max(seconds, 0.01)).toFixed(1)} MB/s`,
    )
  }

  world.store.of('volumes').put(volumeKey(copy), copy)
  task.log(`successfully imported '${copy.volid}'`)
  return copy
}
