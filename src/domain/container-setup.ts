import {err, type Result} from 'neverthrow'
import type {CreationDefaults} from './creation-defaults.js'
import type {DiskSpec} from './disk-spec.js'
import {failure, type Failure} from './failure.js'
import {checkMemory} from './guest-memory.js'
import type {NetSpec} from './net-spec.js'
import {formatSize} from './size.js'
import {isTimeZone} from './zoned-time.js'

const MIB = 2 ** 20

/** What a container is, as people ask for it. Absent: the default of a new container; for a clone, what its template has. */
export interface ContainerSetup {
  readonly swapBytes?: number
  /** The root file system in full; size and storage of the creation say the same in parts. */
  readonly rootDisk?: DiskSpec
  readonly mounts: readonly DiskSpec[]
  /** What is said of the first NIC, without its bridge; empty: nothing. */
  readonly net: NetSpec
  /** NICs in full; with them `net` is empty. */
  readonly nets: readonly NetSpec[]
  /** No NIC at all, not even the usual one. */
  readonly netless?: boolean
  readonly nameservers?: readonly string[]
  readonly searchDomain?: string
  /** Lines of public keys, for root. */
  readonly sshKeys?: readonly string[]
  readonly privileged?: boolean
  readonly nesting?: boolean
  /** The others, as Proxmox VE writes them: `keyctl=1`. */
  readonly features: readonly string[]
  readonly description?: string
  /** `Europe/Berlin`, or `host`: that of the node. */
  readonly timezone?: string
  readonly onBoot?: boolean
  readonly protection?: boolean
  /** `order=2,up=30,down=60` */
  readonly startup?: string
}

/** Refuses values that Proxmox VE has no number or name for. */
export function checkSetup(
  {swapBytes, timezone}: ContainerSetup,
  {memoryBytes}: CreationDefaults,
): Result<void, Failure> {
  const wrong = (field: string, message: string, hint: string): Result<never, Failure> =>
    err(failure('usage', message, {hint, details: {field}}))
  if (swapBytes !== undefined && swapBytes % MIB !== 0)
    return wrong('swap', `--swap ${formatSize(swapBytes)} is not possible`, 'Give whole MiB, with the unit: 512MiB')
  if (timezone !== undefined && timezone !== 'host' && !isTimeZone(timezone)) {
    return wrong(
      'timezone',
      `--timezone: "${timezone}" is no time zone`,
      'Name one as Europe/Berlin, or host for that of the node',
    )
  }

  return checkMemory(memoryBytes)
}

/** The options that are one value each; only what was asked for. */
export function plainSetup(
  setup: ContainerSetup,
  {cores, memoryBytes, tags = []}: CreationDefaults,
): Record<string, boolean | number | string> {
  const {description, nameservers = [], onBoot, protection, searchDomain, startup, swapBytes, timezone} = setup
  const values = {
    cores,
    memory: memoryBytes === undefined ? undefined : Math.round(memoryBytes / MIB),
    swap: swapBytes === undefined ? undefined : Math.round(swapBytes / MIB),
    nameserver: nameservers.length > 0 ? nameservers.join(' ') : undefined,
    searchdomain: searchDomain,
    tags: tags.length > 0 ? tags.join(';') : undefined,
    description,
    timezone,
    onboot: onBoot,
    protection,
    startup,
  }
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  )
}

/** A folder or device of the node itself instead of a volume. */
export function isBindMount({source}: DiskSpec): boolean {
  return source.kind === 'volume' && source.volume.startsWith('/')
}
