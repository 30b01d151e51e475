import {err, ok, type Result} from 'neverthrow'
import {BUS_SLOTS} from './disk-spec.js'
import {failure, type Failure} from './failure.js'
import {guestLabel, type Guest, type GuestType} from './guest.js'
import {hasSetting, pendingMark, settingKeys, type GuestSettings, type PendingMark} from './guest-settings.js'
import {naturalOrder} from './natural-order.js'
import {parsePropertyString} from './property-string.js'
import {parseSize} from './size.js'
import {closest} from './suggest.js'

/** `bind` is a directory or device of the node in a container: no storage knows of it. */
export type DiskKind = 'bind' | 'cdrom' | 'cloudinit' | 'disk' | 'efi' | 'mount' | 'rootfs' | 'tpm' | 'unused'

/** One disk, drive or mount point of a guest, as its configuration tells it. */
export interface DiskLine {
  readonly key: string
  readonly kind: DiskKind
  /** A volume id; a path for `bind`; `none` for an empty CD-ROM drive. */
  readonly volume: string
  readonly storage?: string
  readonly sizeBytes?: number
  readonly format?: string
  /** Where a container has it. */
  readonly mountPath?: string
  readonly options: Readonly<Record<string, boolean | number | string>>
}

export interface GuestDisk extends DiskLine {
  readonly unused: boolean
  /** What waits for the next start. */
  readonly pending?: PendingMark
  /** What it will be, for a change that waits. */
  readonly next?: DiskLine
}

const VM_KEY = /^(?:ide[0-3]|sata[0-5]|scsi(?:[12]?\d|30)|virtio(?:\d|1[0-5])|efidisk0|tpmstate0|unused\d+)$/
const CONTAINER_KEY = /^(?:rootfs|mp\d+|unused\d+)$/
const FLAGS: ReadonlySet<string> = new Set([
  'acl',
  'backup',
  'detect_zeroes',
  'iothread',
  'keepattrs',
  'pre-enrolled-keys',
  'quota',
  'replicate',
  'ro',
  'scsiblock',
  'shared',
  'snapshot',
  'ssd',
])
const NUMBER = /^(?:iops|mbps|bps|queues)/
/** How many mount points a container can have (reference 2.1). */
const MOUNT_POINTS = 256
const ORDER = ['rootfs', 'mp', 'virtio', 'scsi', 'sata', 'ide', 'efidisk', 'tpmstate', 'unused']

export function isDiskKey(type: GuestType, key: string): boolean {
  return (type === 'qemu' ? VM_KEY : CONTAINER_KEY).test(key)
}

/** The storage in a volume id; undefined for paths, `none` and `cdrom`. */
export function storageOf(volume: string): string | undefined {
  return /^([A-Za-z][\w.-]*):./.exec(volume)?.[1]
}

/** One line of a configuration: `scsi0: local-lvm:vm-100-disk-0,size=32G,ssd=1`. */
export function readDisk(type: GuestType, key: string, value: string): DiskLine {
  const parts = parsePropertyString(value, {defaultKey: 'volume'})
  const volume = parts.get('volume') ?? parts.get('file') ?? ''
  const size = parseSize(parts.get('size') ?? '').unwrapOr(undefined)
  const storage = storageOf(volume)
  const kind = kindOf(type, key, volume, parts)
  const mountPath = kind === 'rootfs' ? '/' : parts.get('mp')
  const format = parts.get('format') ?? (storage === undefined ? undefined : formatInName(volume))
  const rest = [...parts].filter(([name]) => !['file', 'format', 'mp', 'size', 'volume'].includes(name))
  return {
    key,
    kind,
    volume,
    ...(storage !== undefined && {storage}),
    ...(size !== undefined && {sizeBytes: size}),
    ...(format !== undefined && {format}),
    ...(mountPath !== undefined && {mountPath}),
    options: Object.fromEntries(rest.map(([name, text]) => [camelCase(name), optionValue(name, text)])),
  }
}

/** All disks of a guest, drives and mount points first, then what is unused. */
export function disksOf(type: GuestType, settings: GuestSettings): GuestDisk[] {
  return settingKeys(settings)
    .filter((key) => isDiskKey(type, key))
    .sort((a, b) => rank(a) - rank(b) || naturalOrder(a, b))
    .flatMap((key) => diskAt(type, settings, key) ?? [])
}

/** Undefined where the guest has no such disk, now or waiting. */
export function diskAt(type: GuestType, settings: GuestSettings, key: string): GuestDisk | undefined {
  const value = settings.now[key] ?? settings.next[key]
  if (value === undefined || !isDiskKey(type, key)) return undefined
  const pending = pendingMark(settings, key)
  const line = readDisk(type, key, value)
  return {
    ...line,
    unused: line.kind === 'unused',
    ...(pending !== undefined && {pending}),
    ...(pending === 'change' && {next: readDisk(type, key, settings.next[key] ?? '')}),
  }
}

/** The disk that somebody names; `not-found` names those there are. */
export function requireDisk(guest: Guest, settings: GuestSettings, key: string): Result<GuestDisk, Failure> {
  const disk = diskAt(guest.type, settings, key)
  if (disk !== undefined) return ok(disk)
  const keys = disksOf(guest.type, settings).map((one) => one.key)
  const near = closest(key, keys)
  return err(
    failure('not-found', `${guestLabel(guest)} has no disk "${key}"`, {
      hint: `${near === undefined ? '' : `Did you mean "${near}"? `}It has: ${keys.join(', ') || 'none'}`,
      details: {disk: key, disks: keys},
    }),
  )
}

/** Which disk holds a volume, now or waiting; `unusedN` only when no other does. */
export function diskWithVolume(type: GuestType, settings: GuestSettings, volume: string): GuestDisk | undefined {
  return disksOf(type, settings).find((disk) => disk.volume === volume || disk.next?.volume === volume)
}

/**
 * The place for another disk: the one asked for if it is free, else the first free one on the bus; a container's are `mp0`, `mp1`, ….
 * @param wanted `scsi3`, or a bus alone; for containers `mp3`
 */
export function freeDiskSlot(guest: Guest, settings: GuestSettings, wanted?: string): Result<string, Failure> {
  const {type} = guest
  const bus = wanted === undefined ? (type === 'qemu' ? usualBus(settings) : 'mp') : wanted.replace(/\d+$/, '')
  const count = type === 'qemu' ? (BUS_SLOTS[bus] ?? 0) : bus === 'mp' ? MOUNT_POINTS : 0
  if (count === 0 || (wanted !== undefined && /\d$/.test(wanted) && !isDiskKey(type, wanted))) {
    return err(
      failure('usage', `there is no place "${wanted ?? bus}" for a disk of a ${type === 'qemu' ? 'VM' : 'container'}`, {
        hint:
          type === 'qemu'
            ? `Use ${Object.entries(BUS_SLOTS)
                .map(([name, slots]) => `${name}0 to ${name}${slots - 1}`)
                .join(', ')}`
            : `Use mp0 to mp${MOUNT_POINTS - 1}`,
        details: {slot: wanted ?? bus},
      }),
    )
  }

  if (wanted !== undefined && /\d$/.test(wanted)) {
    return hasSetting(settings, wanted) ? err(taken(guest, settings, wanted)) : ok(wanted)
  }

  for (let index = 0; index < count; index++) {
    if (!hasSetting(settings, `${bus}${index}`)) return ok(`${bus}${index}`)
  }

  return err(
    failure('no-capacity', `${guestLabel(guest)} has no free place left on ${bus}: all ${count} are taken`, {
      hint: type === 'qemu' ? 'Use another bus: --bus scsi' : 'Remove a mount point first',
      details: {bus, slots: count},
    }),
  )
}

/** The next free `unusedN`. */
export function freeUnused(settings: GuestSettings): string {
  let index = 0
  while (hasSetting(settings, `unused${index}`)) index++
  return `unused${index}`
}

function taken(guest: Guest, settings: GuestSettings, slot: string): Failure {
  const held = settings.now[slot] ?? settings.next[slot]
  const mark = pendingMark(settings, slot)
  const waiting = mark === 'remove' ? ' until it was stopped and started' : ''
  return failure('already-exists', `${slot} of ${guestLabel(guest)} is taken${waiting}: ${held}`, {
    hint: 'Leave out --slot to get the next free one',
    details: {slot, value: held, ...(mark !== undefined && {pending: mark})},
  })
}

/** Where the VM's other disks are; a VM without any gets `scsi`. */
function usualBus(settings: GuestSettings): string {
  const first = disksOf('qemu', settings).find(({kind}) => kind === 'disk')
  const bus = first?.key.replace(/\d+$/, '')
  return bus === undefined || bus === 'ide' ? 'scsi' : bus
}

/** Whether a volume is a cloud-init drive; in lists it looks like a disc that was put in. */
export function isCloudInitVolume(volume: string): boolean {
  return /(?:[:/]vm-\d+-cloudinit(?:\.\w+)?|:cloudinit)$/.test(volume)
}

function kindOf(type: GuestType, key: string, volume: string, parts: ReadonlyMap<string, string>): DiskKind {
  if (key.startsWith('unused')) return 'unused'
  if (key === 'efidisk0') return 'efi'
  if (key === 'tpmstate0') return 'tpm'
  if (type === 'lxc') return key === 'rootfs' ? 'rootfs' : volume.startsWith('/') ? 'bind' : 'mount'
  if (isCloudInitVolume(volume)) return 'cloudinit'
  return parts.get('media') === 'cdrom' || volume === 'none' || volume === 'cdrom' ? 'cdrom' : 'disk'
}

/** Of volumes in files the name tells; all others are raw, or a container's subvolumes. */
function formatInName(volume: string): string {
  const extension = /\.(iso|qcow2|raw|subvol|vmdk)$/.exec(volume)?.[1]
  return extension ?? (/[:/](?:base|sub)vol-\d+-/.test(volume) ? 'subvol' : 'raw')
}

function optionValue(name: string, text: string): boolean | number | string {
  if (FLAGS.has(name) && /^[01]$/.test(text)) return text === '1'
  return NUMBER.test(name) && /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text
}

function camelCase(name: string): string {
  return name.replaceAll(/[_-]([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function rank(key: string): number {
  return ORDER.indexOf(key.replace(/\d+$/, ''))
}

/** A size as Proxmox VE takes it, in whole K, M, G or T, and the largest of these that tells it exactly: `40G`, `1536M`. */
export function proxmoxSize(bytes: number): string {
  const kib = Math.ceil(bytes / 1024)
  const units = ['K', 'M', 'G', 'T'] as const
  let [size, unit] = [kib, 0]
  while (size > 0 && size % 1024 === 0 && unit < units.length - 1) {
    size /= 1024
    unit++
  }

  return `${size}${units[unit]}`
}

/**
 * Where a disk of one guest goes in another: a place of the same kind, or the one asked for. What belongs to the firmware has one place only, and what is
 * unused stays so unless a place is named.
 */
export function placeForReassigned(
  receiver: Guest,
  settings: GuestSettings,
  disk: GuestDisk,
  wanted: string | undefined,
): Result<string, Failure> {
  if (disk.kind === 'efi' || disk.kind === 'tpm') {
    return hasSetting(settings, disk.key) ? err(taken(receiver, settings, disk.key)) : ok(disk.key)
  }

  if (disk.unused && (wanted === undefined || receiver.type === 'lxc')) return ok(freeUnused(settings))
  const rival = disk.mountPath === undefined ? undefined : diskMountedAt(settings, disk.mountPath)
  if (rival !== undefined) return err(mountTaken(receiver, rival, disk.mountPath ?? ''))
  return freeDiskSlot(receiver, settings, wanted ?? disk.key.replace(/\d+$/, ''))
}

/** The mount point of a container that takes a path. */
export function diskMountedAt(settings: GuestSettings, path: string): GuestDisk | undefined {
  const plain = (text: string | undefined) => text?.replace(/(?<=.)\/+$/, '')
  return disksOf('lxc', settings).find((disk) =>
    [disk.mountPath, disk.next?.mountPath].some((mounted) => plain(mounted) === plain(path)),
  )
}

/** Two mount points at one path would hide each other. */
export function mountTaken(guest: Guest, rival: GuestDisk, path: string): Failure {
  return failure('already-exists', `${path} in ${guestLabel(guest)} is taken: ${rival.key} is mounted there`, {
    hint: 'Choose another path',
    details: {mountPath: path, disk: rival.key},
  })
}
