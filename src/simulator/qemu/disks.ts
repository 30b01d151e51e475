import {die} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {allocateVolume} from '../storage/allocate.js'
import {createdLogLines} from '../storage/volume-path.js'
import {
  defaultFormat,
  findVolume,
  formatDiskSize,
  freeVolume,
  guestSize,
  storageConfig,
  storageOnNode,
  validFormats,
} from '../storage/volumes.js'
import {parseVolumeName, splitVolid} from '../storage/volume-name.js'
import {storageType} from '../storage/types.js'
import {type Drive, drivesOf, isCdrom, isCloudInit, newDisk, parseDrive, printDrive, withProperties} from './drives.js'
import {DRIVE_KEYS} from './options.js'
import {copyData} from './copy.js'

import type {GuestConfig, VolumeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'
import type {Progress} from './copy.js'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const CLOUDINIT_BYTES = 4 * MIB
const TPM_BYTES = 4 * MIB
const EFI_BYTES: Readonly<Record<string, number>> = {'2m': 128 * KIB, '4m': 528 * KIB}
/** Seconds it takes to make an image. */
const ALLOCATE_SECONDS = 0.1

export interface DiskRequest {
  readonly node: string
  readonly vmid: number
  /** Drive options as they were given. */
  readonly options: Readonly<Record<string, number | string>>
  /** The configuration they go into. */
  readonly config: GuestConfig
  readonly defaultStorage?: string | undefined
}

export interface CreatedDisks {
  /** The drive options as the configuration holds them. */
  readonly options: Readonly<Record<string, string>>
  readonly volumes: readonly VolumeRecord[]
}

/**
 * Makes the disks that drive options ask for, imports what they are to be filled with, and measures volumes that exist. On failure everything it
 * made is gone again.
 * @throws PveError 500 with the text of the storage, or `volume 'x' does not exist`
 */
export async function createDisks(world: World, request: DiskRequest, progress: Progress): Promise<CreatedDisks> {
  const volumes: VolumeRecord[] = []
  const options: Record<string, string> = {}
  try {
    for (const key of DRIVE_KEYS) {
      const value = request.options[key]
      if (value === undefined) continue
      options[key] = printDrive(await createDisk(world, request, key, parseDrive(value), volumes, progress))
    }
  } catch (error) {
    for (const volume of volumes) freeVolume(world, volumeKey(volume))
    throw error
  }

  return {options, volumes}
}

async function createDisk(
  world: World,
  request: DiskRequest,
  key: string,
  drive: Drive,
  volumes: VolumeRecord[],
  progress: Progress,
): Promise<Drive> {
  const disk = newDisk(drive)
  if (drive.file === '' || drive.file === 'none' || drive.file === 'cdrom') return withProperties(drive, {size: null})
  if (/(?:^|:)cloudinit$/.test(drive.file)) {
    const made = await createCloudInit(world, request, key, drive, progress)
    volumes.push(made.volume)
    progress.log(`${key}: successfully created disk '${printDrive(made.drive)}'`)
    return made.drive
  }

  if (disk) {
    const storage = disk.storage ?? request.defaultStorage ?? die('no storage ID specified (and no default storage)')
    const source = drive.properties.get('import-from')
    const bytes = Math.ceil((disk.gib * GIB) / KIB) * KIB
    const plain = withProperties(drive, {format: null, 'import-from': null})
    const volume =
      source === undefined
        ? await createImage(world, request, key, drive, storage, bytes, progress)
        : await importImage(world, request, key, drive, storage, source, progress)
    volumes.push(volume)
    const created = withProperties(plain, {size: formatDiskSize(volume.size)}, volume.volid)
    progress.log(`${key}: successfully created disk '${printDrive(created)}'`)
    return created
  }

  const volid = splitVolid(drive.file)
  if (!volid) return drive
  const storage = storageOnNode(world, volid.storage, request.node)
  const volume = findVolume(world, drive.file, request.node) ?? die(missingVolume(storage.type, drive.file))
  return withProperties(drive, {size: isCloudInit(drive) ? null : formatDiskSize(guestSize(volume))})
}

/** What a storage says about a volume it should have. */
export function missingVolume(type: string, volid: string): string {
  return storageType(type).layout === 'file'
    ? `volume '${volid}' does not exist`
    : `no such logical volume ${volid.slice(volid.indexOf(':') + 1)}`
}

async function createCloudInit(
  world: World,
  request: DiskRequest,
  key: string,
  drive: Drive,
  progress: Progress,
): Promise<{drive: Drive; volume: VolumeRecord}> {
  const at = drive.file.indexOf(':')
  const storageId =
    (at === -1 ? request.defaultStorage : drive.file.slice(0, at)) ??
    die('no storage ID specified (and no default storage)')
  const attached = drivesOf(request.config).find(
    ([other, {file}]) => other !== key && isCloudInit({file, properties: new Map()}),
  )
  if (attached) die(`${key} - cloud-init drive is already attached at '${attached[0]}'`)
  const storage = storageConfig(world, storageId)
  const isFile = storageType(storage.type).layout === 'file'
  const format = drive.properties.get('format') ?? (isFile ? 'qcow2' : 'raw')
  const volume = allocateVolume(world, {
    storage: storageId,
    node: request.node,
    vmid: request.vmid,
    sizeBytes: CLOUDINIT_BYTES,
    format,
    content: 'images',
    suffix: 'cloudinit',
  })
  for (const line of createdLogLines(world, volume)) progress.log(line)
  await progress.sleep(ALLOCATE_SECONDS)
  return {drive: withProperties(drive, {format: null, media: 'cdrom'}, volume.volid), volume}
}

async function createImage(
  world: World,
  request: DiskRequest,
  key: string,
  drive: Drive,
  storageId: string,
  bytes: number,
  progress: Progress,
): Promise<VolumeRecord> {
  const storage = storageOnNode(world, storageId, request.node)
  const efi = EFI_BYTES[drive.properties.get('efitype') ?? '2m']!
  const sizeBytes = key === 'efidisk0' ? efi : key === 'tpmstate0' ? TPM_BYTES : bytes
  // a block device cannot be smaller than its extents
  const isFile = storageType(storage.type).layout === 'file'
  const volume = allocateVolume(world, {
    storage: storageId,
    node: request.node,
    vmid: request.vmid,
    sizeBytes: isFile ? sizeBytes : Math.ceil(sizeBytes / (4 * MIB)) * 4 * MIB,
    format: key === 'tpmstate0' ? 'raw' : imageFormat(world, storageId, drive),
    content: 'images',
  })
  for (const line of createdLogLines(world, volume)) progress.log(line)
  await progress.sleep(ALLOCATE_SECONDS)
  if (key === 'efidisk0') await copyData({total: sizeBytes, data: 0}, progress)
  return volume
}

/** The format asked for; the storage's own if it is none of the storage's. */
export function imageFormat(world: World, storageId: string, drive: Drive): string {
  const storage = storageConfig(world, storageId)
  const wanted = drive.properties.get('format')
  if (wanted === undefined) return defaultFormat(storage)
  const formats = validFormats(storage).filter((format) => format !== 'subvol')
  return formats.includes(wanted) || storageType(storage.type).layout === 'file' ? wanted : defaultFormat(storage)
}

async function importImage(
  world: World,
  request: DiskRequest,
  key: string,
  drive: Drive,
  storageId: string,
  source: string,
  progress: Progress,
): Promise<VolumeRecord> {
  const volid = splitVolid(source)
  const from = volid ? findVolume(world, source, request.node) : undefined
  if (volid && !from) {
    const storage = storageOnNode(world, volid.storage, request.node)
    die(missingVolume(storage.type, source))
  }

  if (!from) return die(`importing from '${source}' failed: No such file or directory`)
  const storage = storageConfig(world, storageId)
  const {format: sourceFormat} = parseVolumeName(
    storageConfig(world, from.storage),
    from.volid.slice(from.storage.length + 1),
  )
  const wanted = drive.properties.get('format')
  const fits = validFormats(storage).includes(sourceFormat)
  progress.log(`${key}: importing disk '${source}'...`)
  const volume = allocateVolume(world, {
    storage: storageId,
    node: request.node,
    vmid: request.vmid,
    sizeBytes: key === 'efidisk0' || key === 'tpmstate0' ? Math.min(from.size, 4 * MIB) : from.size,
    format: wanted ?? (fits ? sourceFormat : defaultFormat(storage)),
    content: 'images',
    dataBytes: from.used,
  })
  for (const line of createdLogLines(world, volume)) progress.log(line)
  await progress.sleep(ALLOCATE_SECONDS)
  try {
    await copyData({total: volume.size, data: from.used}, progress)
  } catch (error) {
    freeVolume(world, volumeKey(volume))
    throw error
  }

  return volume
}

/** The volumes a configuration names, itself and its `unusedN` lines, that exist and belong to the VM. */
export function ownVolumes(world: World, node: string, vmid: number, config: GuestConfig): readonly VolumeRecord[] {
  const found = new Map<string, VolumeRecord>()
  const files = [
    ...drivesOf(config)
      .filter(([, drive]) => !isCdrom(drive) || isCloudInit(drive))
      .map(([, {file}]) => file),
    ...Object.entries(config)
      .filter(([key]) => /^unused\d+$/.test(key) || key === 'vmstate')
      .map(([, value]) => parseDrive(value).file),
  ]
  for (const file of files) {
    const volume = splitVolid(file) && findVolume(world, file, node)
    if (volume && volume.vmid === vmid) found.set(volumeKey(volume), volume)
  }

  return [...found.values()]
}
