import {parsePropertyString} from '../../domain/property-string.js'
import {PveError} from '../kernel/pve-error.js'
import {formatDiskSize} from '../storage/volumes.js'
import {parseDiskSize} from '../views/disks.js'

import type {GuestConfig} from '../kernel/state.js'

/** `STORAGE:GIB`: a volume that is still to be made. */
export const NEW_DISK = /^([^\s:]+):(\d+(?:\.\d+)?)$/

/** `rootfs`, `mpN` or `unusedN` of a container. */
export interface MountPoint {
  /** A volume id, a device or a directory. */
  readonly volume: string
  readonly type: 'bind' | 'device' | 'volume'
  /** Bytes. */
  readonly size?: number
  /** The other keys, as written. */
  readonly rest: ReadonlyMap<string, string>
}

/**
 * Reads a mount point.
 * @throws PveError 500 `format error` with its map when it is not set or not complete
 */
export function parseMountPoint(key: string, value: number | string | undefined): MountPoint {
  const parts = parsePropertyString(String(value ?? ''), {defaultKey: 'volume'})
  const volume = parts.get('volume')
  const missing = ['volume', ...(/^mp\d/.test(key) ? ['mp'] : [])].filter((name) => !parts.has(name))
  if (volume === undefined || missing.length > 0) {
    const text = 'property is missing and it is not optional'
    throw new PveError(500, 'format error', Object.fromEntries(missing.map((name) => [name, text])))
  }

  const size = parseDiskSize(parts.get('size') ?? '')
  const rest = new Map([...parts].filter(([name]) => name !== 'volume' && name !== 'size'))
  return {volume, type: mountType(volume), ...(size !== undefined && {size}), rest}
}

function mountType(volume: string): MountPoint['type'] {
  if (volume.startsWith('/dev/')) return 'device'
  return volume.startsWith('/') ? 'bind' : 'volume'
}

/** Writes a mount point the way the server does: volume, path, then the rest in order of the alphabet. */
export function printMountPoint({volume, size, rest}: MountPoint): string {
  const parts = new Map(rest)
  if (size !== undefined) parts.set('size', formatDiskSize(size))
  return printSorted(volume, parts, 'mp')
}

/** `HEAD,first=…` and then the other keys sorted. Booleans in words become 1 and 0. */
function printSorted(head: string | undefined, parts: ReadonlyMap<string, string>, first: string): string {
  const keys = [...parts.keys()].sort((a, b) => Number(b === first) - Number(a === first) || (a < b ? -1 : 1))
  const texts = keys.map((key) => `${key}=${parts.get(key)}`)
  return [...(head === undefined ? [] : [head]), ...texts].join(',')
}

/** The root file system and the mount points of a configuration, in the order they are mounted. */
export function mountPoints(
  config: GuestConfig,
  {unused = false} = {},
): readonly (readonly [key: string, mountPoint: MountPoint])[] {
  const index = (key: string): number => Number(/\d+$/.exec(key)?.[0] ?? -1)
  const pattern = unused ? /^(?:rootfs|mp\d+|unused\d+)$/ : /^(?:rootfs|mp\d+)$/
  const rank = (key: string): number => (key === 'rootfs' ? 0 : key.startsWith('mp') ? 1 : 2)
  return Object.keys(config)
    .filter((key) => pattern.test(key))
    .sort((a, b) => rank(a) - rank(b) || index(a) - index(b))
    .map((key) => [key, parseMountPoint(key, config[key])] as const)
}

/** Whether a volume is in a configuration or one of the given others. */
export function usesVolume(configs: readonly GuestConfig[], volid: string): boolean {
  return configs.some((config) => mountPoints(config).some(([, {volume}]) => volume === volid))
}

/** A network interface as the server stores it: with a hardware address and its type. */
export function printNetwork(value: string, newAddress: () => string): string {
  const parts = parsePropertyString(value)
  if (!parts.has('hwaddr')) parts.set('hwaddr', newAddress())
  parts.set('type', 'veth')
  return printSorted(undefined, parts, 'name')
}

/** An interface with another hardware address. */
export function withNewAddress(value: string, newAddress: () => string): string {
  const parts = parsePropertyString(value)
  parts.delete('hwaddr')
  return printNetwork([...parts].map(([key, text]) => `${key}=${text}`).join(','), newAddress)
}
