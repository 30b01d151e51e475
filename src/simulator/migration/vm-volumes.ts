import {die} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {drivesOf, isCdrom, isCloudInit, isPlainCdrom, parseDrive, printDrive, withProperties} from '../qemu/drives.js'
import {loadVm, setVmOptions} from '../qemu/vm.js'
import {storageType} from '../storage/types.js'
import {splitVolid} from '../storage/volume-name.js'
import {createdLogLines} from '../storage/volume-path.js'
import {findVolume, formatDiskSize, freeVolume, storageConfig, storageOnNode} from '../storage/volumes.js'
import {isShared} from '../views/node-figures.js'
import {cloneTrouble, freeVolid, info, type Migration, sendAll, unsendable} from './migration.js'

import type {GuestRecord, VolumeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

const MIB = 1024 ** 2
/** Bytes a second between two nodes, and how often it is told. */
export const COPY_RATE = 125e6
const REPORT_SECONDS = 3

/** A volume only the source has, and what it is to the VM. */
export interface LocalVolume {
  readonly volume: VolumeRecord
  readonly reference: 'attached' | 'generated' | 'snapshot' | 'unused'
}

const REFERENCES = {
  attached: "local disk 'X' (attached)",
  generated: "generated disk 'X' (in current VM config)",
  snapshot: "local disk 'X' (referenced by snapshot(s))",
  unused: "local disk 'X' (unused)",
}

/** What has to be copied. Logs each, and what stands in the way of any. */
export function localVolumes(
  migration: Migration & {readonly withLocalDisks: boolean},
  guest: GuestRecord,
  live: boolean,
): readonly LocalVolume[] {
  const {world, node, vmid, withLocalDisks} = migration
  const found = new Map<string, LocalVolume['reference']>()
  const isLocal = (file: string): boolean => {
    const volid = splitVolid(file)
    return volid !== undefined && !isShared(storageConfig(world, volid.storage))
  }

  for (const {config} of Object.values(guest.snapshots ?? {})) {
    for (const [, drive] of drivesOf(config)) if (isLocal(drive.file)) found.set(drive.file, 'snapshot')
    const state = config['vmstate']
    if (state !== undefined && isLocal(String(state))) found.set(String(state), 'snapshot')
  }

  for (const [key, value] of Object.entries(guest.config)) {
    if (/^unused\d+$/.test(key) && isLocal(parseDrive(value).file)) found.set(parseDrive(value).file, 'unused')
  }

  for (const [, drive] of drivesOf(guest.config)) {
    if (isLocal(drive.file)) found.set(drive.file, isCloudInit(drive) ? 'generated' : 'attached')
  }

  const errors: [string, string][] = []
  const volumes: LocalVolume[] = []
  for (const [file, reference] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
    info(migration, `found ${REFERENCES[reference].replace('X', file)}`)
    const volume = findVolume(world, file, node)
    const hasSnapshots = Object.keys(guest.snapshots ?? {}).length > 0
    const trouble = obstacle(world, guest, file, volume, {reference, live, withLocalDisks, hasSnapshots, vmid})
    if (trouble === undefined) volumes.push({volume: volume!, reference})
    else errors.push([file, trouble])
  }

  for (const [file, text] of errors) info(migration, `can't migrate local disk '${file}': ${text}`)
  if (errors.length > 0) die("Problem found while scanning volumes - can't migrate VM - check log")
  return volumes
}

interface Circumstances {
  readonly reference: LocalVolume['reference']
  readonly live: boolean
  readonly withLocalDisks: boolean
  readonly hasSnapshots: boolean
  readonly vmid: number
}

function obstacle(
  world: World,
  guest: GuestRecord,
  file: string,
  volume: VolumeRecord | undefined,
  {reference, live, withLocalDisks, hasSnapshots, vmid}: Circumstances,
): string | undefined {
  const drive = drivesOf(guest.config).find(([, {file: other}]) => other === file)?.[1]
  if (drive && isPlainCdrom(drive)) return 'local cdrom image'
  if (!volume) return `volume '${file}' does not exist`
  if (volume.vmid !== vmid) return `owned by other VM (owner = VM ${volume.vmid})`
  if (live && reference === 'attached' && !withLocalDisks) {
    return "can't live migrate attached local disks without with-local-disks option"
  }

  if (live && hasSnapshots && reference !== 'unused')
    return 'online storage migration not possible if non-replicated snapshot exists'
  const {type} = storageConfig(world, volume.storage)
  const refusal = unsendable(type)
  if (refusal !== undefined) return refusal
  if (hasSnapshots && reference !== 'unused' && volume.format !== 'qcow2' && type !== 'zfspool' && type !== 'btrfs') {
    return 'non-migratable snapshot exists'
  }

  return cloneTrouble(volume)
}

/** Sends volumes one after the other; the new name of each. */
export async function sendVolumes(migration: Migration, volumes: readonly LocalVolume[]): Promise<Map<string, string>> {
  const {world, node, vmid} = migration
  if (volumes.length === 0) return new Map()
  updateSizes(migration, loadVm(world, node, vmid))
  info(migration, 'copying local disk images')
  return sendAll(
    migration,
    volumes.map(({volume}) => volume),
    (volume) => sendVolume(migration, volume),
  )
}

/** The sizes in the configuration are made those of the volumes. */
function updateSizes(migration: Migration, guest: GuestRecord): void {
  const {world, node, vmid} = migration
  for (const [key, drive] of drivesOf(guest.config)) {
    const volume = splitVolid(drive.file) && findVolume(world, drive.file, node)
    const size = drive.properties.get('size')
    if (!volume || (isCdrom(drive) && !isCloudInit(drive)) || size === formatDiskSize(volume.size)) continue
    info(
      migration,
      `drive '${key}': size of disk '${drive.file}' updated from ${size ?? '0T'} to ${formatDiskSize(volume.size)}`,
    )
    setVmOptions(world, node, vmid, {[key]: printDrive(withProperties(drive, {size: formatDiskSize(volume.size)}))})
  }
}

/** The record of a volume's copy on the target. */
export function placeCopy({world, to, mapStorage}: Migration, volume: VolumeRecord): VolumeRecord {
  const id = mapStorage(volume.storage)
  const storage = storageOnNode(world, id, to.node)
  const {node: _node, ...rest} = volume
  const isFile = storageType(storage.type).layout === 'file'
  const name = volume.volid
    .split(/[:/]/)
    .at(-1)!
    .replace(/\.(?:raw|qcow2|vmdk)$/, '')
  const format = isFile ? volume.format : 'raw'
  const wanted = isFile ? `${id}:${volume.vmid ?? 0}/${name}.${format}` : `${id}:${name}`
  const copy: VolumeRecord = {
    ...rest,
    ...(!isShared(storage) && {node: to.node}),
    storage: id,
    volid: freeVolid(world, wanted, to.node),
    format,
    ctime: world.clock.now(),
  }
  world.store.of('volumes').put(volumeKey(copy), copy)
  return copy
}

async function sendVolume(migration: Migration, volume: VolumeRecord): Promise<VolumeRecord> {
  const {world, task} = migration
  await task.sleep(1)
  const copy = placeCopy(migration, volume)
  try {
    for (const line of createdLogLines(world, copy)) info(migration, line)
    const bytes =
      volume.format === 'qcow2' ? volume.size + (4 + Math.ceil(volume.size / (512 * MIB))) * 64 * 1024 : volume.size
    const seconds = bytes / COPY_RATE
    const report = (sent: number, text: string): void => {
      const rate = sent / 1e6 / Math.max(0.001, Number(text))
      info(
        migration,
        `${sent} bytes (${ddSize(sent, 1000)}, ${ddSize(sent, 1024)}) copied, ${text} s, ${threeDigits(rate)} MB/s`,
      )
    }

    let passed = 0
    for (; passed + REPORT_SECONDS < seconds;) {
      await task.sleep(REPORT_SECONDS)
      passed += REPORT_SECONDS
      report(Math.floor(passed * COPY_RATE), String(passed))
    }

    await task.sleep(seconds - passed)
    // one end counts what it read, the other what it wrote
    for (const wait of [0, 0.02]) {
      await task.sleep(wait)
      const records = `${Math.floor(bytes / 4096)}+${bytes % 4096 === 0 ? 0 : 1} records`
      info(migration, `${records} in`)
      info(migration, `${records} out`)
      report(bytes, Math.max(0.01, seconds).toPrecision(6))
    }

    info(migration, `successfully imported '${copy.volid}'`)
    return copy
  } catch (error) {
    freeVolume(world, volumeKey(copy))
    throw error
  }
}

/** `107 MB`, `1.1 GB`, `4.3 MiB`: a size the way dd shows it. */
function ddSize(bytes: number, base: 1000 | 1024): string {
  const units = base === 1000 ? ['B', 'kB', 'MB', 'GB', 'TB'] : ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length - 1, Math.floor(Math.log(Math.max(1, bytes)) / Math.log(base)))
  const value = bytes / base ** power
  return `${value.toFixed(value < 10 && power > 0 ? 1 : 0)} ${units[power]}`
}

function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
