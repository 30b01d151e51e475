import {normalBoolean, parseProperties, printProperties} from './property-string.js'
import {DRIVE_KEYS} from './options.js'

/** A drive of a VM, as one line of its configuration describes it. */
export interface Drive {
  /** Volume id, path, `none`, `cdrom`, or what is to be made (`local:32`, `local:cloudinit`). */
  readonly file: string
  readonly properties: ReadonlyMap<string, string>
}

const BOOLEANS = new Set([
  'backup',
  'detect_zeroes',
  'iothread',
  'pre-enrolled-keys',
  'replicate',
  'ro',
  'shared',
  'snapshot',
  'ssd',
])
/** `local:32`, `32`: a disk to be made, with its size in GiB. */
const NEW_DISK = /^(?:([^\s/:]+):)?(\d+(?:\.\d+)?)$/

export function parseDrive(value: number | string): Drive {
  const {head = '', properties} = parseProperties(String(value), ['file', 'volume'])
  for (const [key, text] of properties) if (BOOLEANS.has(key)) properties.set(key, normalBoolean(text))
  return {file: head, properties}
}

export function printDrive({file, properties}: Drive): string {
  return printProperties({head: file, properties: new Map(properties)})
}

/** The drive with some properties replaced; null removes one. */
export function withProperties(
  drive: Drive,
  changes: Readonly<Record<string, string | null>>,
  file = drive.file,
): Drive {
  const properties = new Map(drive.properties)
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) properties.delete(key)
    else properties.set(key, value)
  }

  return {file, properties}
}

/** What a new disk is to be: its storage, and its size in GiB. Undefined for an existing volume. */
export function newDisk(drive: Drive): {readonly storage: string | undefined; readonly gib: number} | undefined {
  const match = NEW_DISK.exec(drive.file)
  return match && !isCdrom(drive) ? {storage: match[1], gib: Number(match[2])} : undefined
}

/** A CD-ROM drive; a cloud-init drive is one, too. */
export function isCdrom({properties}: Drive): boolean {
  return properties.get('media') === 'cdrom'
}

/** The drive a cloud-init configuration is on, made or to be made. */
export function isCloudInit({file}: Drive): boolean {
  return /(?:^|:)cloudinit$/.test(file) || /[:/]vm-\d+-cloudinit(?:\.\w+)?$/.test(file)
}

/** A CD-ROM drive with a disc of its own, not the cloud-init drive. */
export function isPlainCdrom(drive: Drive): boolean {
  return isCdrom(drive) && !isCloudInit(drive)
}

/** The drives of a configuration in Proxmox VE's order. */
export function drivesOf(config: Readonly<Record<string, number | string>>): readonly (readonly [string, Drive])[] {
  return DRIVE_KEYS.flatMap((key) => {
    const value = config[key]
    return value === undefined ? [] : [[key, parseDrive(value)] as const]
  })
}

/** The `unusedN` lines of a configuration. */
export function unusedOf(config: Readonly<Record<string, number | string>>): readonly (readonly [string, string])[] {
  return Object.entries(config)
    .filter(([key]) => /^unused\d+$/.test(key))
    .map(([key, value]) => [key, parseDrive(value).file] as const)
    .sort(([a], [b]) => Number(a.slice(6)) - Number(b.slice(6)))
}
