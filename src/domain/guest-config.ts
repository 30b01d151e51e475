import {err, ok, type Result} from 'neverthrow'
import {decodeSshKeys, encodeSshKeys} from './cloud-init.js'
import {configKind, isDiskKey, isSecretKey} from './config-keys.js'
import {failure, type Failure} from './failure.js'
import {parseTags, type GuestType} from './guest.js'
import {naturalOrder} from './natural-order.js'
import {parsePropertyString} from './property-string.js'

export type ConfigValue = boolean | number | string
/** A configuration as people read it: flags as booleans, numbers as numbers, SSH keys in plain text. */
export type ConfigValues = Readonly<Record<string, ConfigValue>>

/** What stands for a secret, as Proxmox itself shows it. */
export const MASK = '**********'

/** Not of the guest, but of the file: they come along with `GET …/config`. */
const ABOUT_THE_FILE = new Set(['digest', 'snapstate', 'snaptime'])
/** New for every guest, so that two are never alike in them. */
const UNIQUE = new Set(['meta', 'vmgenid'])

/** The reply to `GET …/config`, without what is about the file. */
export function readConfig(type: GuestType, fields: Readonly<Record<string, unknown>>): ConfigValues {
  const values: Record<string, ConfigValue> = {}
  for (const key of Object.keys(fields).sort(naturalOrder)) {
    const value = ABOUT_THE_FILE.has(key) ? undefined : readConfigValue(type, key, fields[key])
    if (value !== undefined) values[key] = value
  }

  return values
}

/** One value as Proxmox writes it; undefined for what is no value. */
export function readConfigValue(type: GuestType, key: string, raw: unknown): ConfigValue | undefined {
  // Lines that a container's file passes on to LXC come as pairs.
  if (Array.isArray(raw)) return raw.map((pair) => (Array.isArray(pair) ? pair.join(': ') : String(pair))).join('\n')
  if (typeof raw !== 'string' && typeof raw !== 'number' && typeof raw !== 'boolean') return undefined
  if (isSecretKey(key)) return MASK
  const kind = configKind(type, key)
  const text = String(raw)
  if (kind === 'boolean') return text === '1' || text === 'true'
  if (kind === 'number' && /^-?\d+(?:\.\d+)?$/.test(text)) return Number(text)
  if (key === 'sshkeys') return decodeSshKeys(text)
  // A container's description comes back with a line end more than it was given.
  return key === 'description' ? text.replace(/\n$/, '') : text
}

/**
 * A value as it is sent.
 * @param text as people write it: `yes` for a flag, plain SSH keys
 * @returns a `usage` failure that names the key and the value
 */
export function wireValue(type: GuestType, key: string, text: string): Result<string, Failure> {
  if (text === '' || text === '\n') {
    return err(
      failure('usage', `${key} has an empty value`, {
        hint: `To take the key out of the configuration: --delete ${key}`,
        details: {field: key},
      }),
    )
  }

  switch (configKind(type, key)) {
    case 'boolean': {
      if (/^(?:1|on|yes|true)$/i.test(text)) return ok('1')
      if (/^(?:0|off|no|false)$/i.test(text)) return ok('0')
      return err(wrong(key, text, `Write ${key}=yes or ${key}=no`))
    }

    case 'number': {
      const isNumber = /^-?\d+(?:\.\d+)?$/.test(text) || (key === 'memory' && /^current=\d+/.test(text))
      const inMib = key === 'memory' || key === 'swap' || key === 'balloon'
      return isNumber ? ok(text) : err(wrong(key, text, inMib ? 'Write a number, in MiB: 2048' : 'Write a number'))
    }

    default: {
      return ok(key === 'sshkeys' && /\s/.test(text) ? encodeSshKeys(text.trim().split(/\r?\n/)) : text)
    }
  }
}

/** Whether two values mean the same: the order of the parts of a property string, and of tags, means nothing. */
export function sameConfigValue(key: string, a: ConfigValue | undefined, b: ConfigValue | undefined): boolean {
  if (a === b) return true
  if (typeof a !== 'string' || typeof b !== 'string')
    return a !== undefined && b !== undefined && String(a) === String(b)
  if (key === 'tags') return sorted(parseTags(a)) === sorted(parseTags(b))
  if (key === 'description' || key === 'sshkeys') return a.trimEnd() === b.trimEnd()
  return a.includes('=') && sorted(partsOf(a)) === sorted(partsOf(b))
}

export interface ConfigDifference {
  readonly key: string
  /** Absent: it was not set. */
  readonly before?: ConfigValue
  /** Absent: it is not set any more. */
  readonly after?: ConfigValue
}

/** What has to change to make the one into the other. */
export function configDifferences(before: ConfigValues, after: ConfigValues): ConfigDifference[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort(naturalOrder)
  return keys.flatMap((key) =>
    sameConfigValue(key, before[key], after[key]) ? [] : [difference(key, before[key], after[key])],
  )
}

export function difference(
  key: string,
  before: ConfigValue | undefined,
  after: ConfigValue | undefined,
): ConfigDifference {
  return {key, ...(before !== undefined && {before}), ...(after !== undefined && {after})}
}

/** For people, as diff(1) marks it: `- cores: 2`, `+ cores: 4`. Several lines of a value stay together. */
export function differenceLines(differences: readonly ConfigDifference[]): string[] {
  return differences.flatMap(({key, before, after}) => [...marked('-', key, before), ...marked('+', key, after)])
}

/**
 * A configuration without what tells a guest apart from every other: identifiers and, between two guests, names, MAC addresses and the VMID in
 * the names of volumes.
 * @param vmid of the guest, when it is compared with another one
 */
export function comparable(values: ConfigValues, vmid: number | undefined): ConfigValues {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]): [string, ConfigValue][] => {
      if (UNIQUE.has(key)) return []
      if (vmid === undefined || typeof value !== 'string') return [[key, value]]
      if (key === 'name' || key === 'hostname') return []
      if (key === 'smbios1') {
        const rest = value.split(',').filter((part) => !part.startsWith('uuid='))
        return rest.length === 0 ? [] : [[key, rest.join(',')]]
      }

      if (/^net\d+$/.test(key)) return [[key, withoutMac(value)]]
      return [[key, isDisk(key) ? withoutVmid(value, vmid) : value]]
    }),
  )
}

function isDisk(key: string): boolean {
  return isDiskKey('qemu', key) || isDiskKey('lxc', key)
}

/** `nas:101/vm-101-disk-0.qcow2` -> `nas:VMID/vm-VMID-disk-0.qcow2` */
function withoutVmid(volume: string, vmid: number): string {
  return volume
    .replace(`:${vmid}/`, ':VMID/')
    .replace(new RegExp(`\\b(vm|base|subvol|basevol)-${vmid}-`, 'g'), '$1-VMID-')
}

/** `virtio=BC:24:11:00:00:01,bridge=vmbr0` -> `virtio,bridge=vmbr0`; a container's `hwaddr` goes as a whole. */
function withoutMac(net: string): string {
  return net
    .split(',')
    .filter((part) => !/^(?:hwaddr|macaddr)=/.test(part))
    .map((part) => part.replace(/^(\w[\w-]*)=(?:[\da-f]{2}:){5}[\da-f]{2}$/i, '$1'))
    .join(',')
}

function marked(mark: string, key: string, value: ConfigValue | undefined): string[] {
  if (value === undefined) return []
  const lines = plainValue(value).split('\n')
  return lines.length === 1
    ? [`${mark} ${key}: ${lines[0]}`]
    : [`${mark} ${key}:`, ...lines.map((line) => `${mark}   ${line}`)]
}

/** As in the configuration file: 1 and 0 for flags. */
export function plainValue(value: ConfigValue): string {
  return typeof value === 'boolean' ? String(Number(value)) : String(value)
}

function partsOf(text: string): string[] {
  return [...parsePropertyString(text)].map(([key, value]) => `${key}=${value}`)
}

function sorted(words: readonly string[]): string {
  return JSON.stringify([...words].sort())
}

function wrong(key: string, value: string, hint: string): Failure {
  return failure('usage', `${key}: "${value}" is not possible`, {hint, details: {field: key, value}})
}
