import {die} from '../kernel/pve-error.js'
import {volumePath} from '../storage/volume-path.js'
import {findVolume, storageOnNode} from '../storage/volumes.js'

import type {Json} from '../kernel/pve-error.js'
import type {GuestConfig, VolumeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'
import type {Log} from './volumes.js'

/** What unpacking an archive of a template gives, compared with its size. */
const UNPACKED_FACTOR = 2
const MIB = 1024 ** 2
/** tar reads so many bytes at once. */
const TAR_RECORD = 10_240
/** tar's option for each kind of compression. */
const DECOMPRESSION: readonly (readonly [RegExp, string])[] = [
  [/(?:\.gz|\.tgz)$/, '-z'],
  [/\.xz$/, '-J'],
  [/\.bz2$/, '-j'],
  [/\.zst$/, '--zstd'],
  [/\.lzo$/, '--lzop'],
]

/** What is in a template's archive. */
export interface ArchiveContents {
  /** Null: no operating system can be recognised in it. */
  readonly ostype: string | null
  /** It is no archive at all. */
  readonly isBroken: boolean
  /** Bytes of its files. */
  readonly dataBytes: number
  /** An OCI image brings options of its own (reference 2.6). */
  readonly oci?: {readonly entrypoint?: string; readonly env?: readonly string[]}
}

/** The archive of a volume id on a node. @throws PveError 500 if the storage cannot be used or there is no such volume */
export function findArchive(world: World, volid: string, node: string): VolumeRecord {
  storageOnNode(world, volid.split(':', 1)[0]!, node)
  return findVolume(world, volid, node) ?? die(`volume '${volid}' does not exist`)
}

export function archiveContents({inside, size}: VolumeRecord): ArchiveContents {
  const facts = (typeof inside === 'object' && inside !== null && !Array.isArray(inside) ? inside : {}) as {
    readonly [key: string]: Json | undefined
  }
  const {ostype = 'debian', broken, oci, dataBytes} = facts
  const image = typeof oci === 'object' && oci !== null ? (oci as ArchiveContents['oci']) : undefined
  return {
    ostype: typeof ostype === 'string' ? ostype : null,
    isBroken: broken !== undefined && broken !== null && broken !== false,
    dataBytes: typeof dataBytes === 'number' ? dataBytes : Math.floor(size * UNPACKED_FACTOR),
    ...(image && {oci: image}),
  }
}

/**
 * Unpacks an archive into a container's file systems, as far as the log shows it.
 * @throws PveError 500 with the failed command for something that is no archive
 */
export function unpack(
  world: World,
  archive: VolumeRecord,
  vmid: number,
  config: GuestConfig,
  log: Log,
): ArchiveContents {
  const contents = archiveContents(archive)
  log(`extracting archive '${volumePath(world, archive)}'`)
  if (contents.isBroken) {
    log('tar: This does not look like a tar archive')
    log('tar: Error is not recoverable: exiting now')
    die(`command '${tarCommand(archive.volid, vmid, Number(config['unprivileged'] ?? 0) === 1)}' failed: exit code 2`)
  }

  const read = Math.ceil(contents.dataBytes / TAR_RECORD) * TAR_RECORD
  log(`Total bytes read: ${read} (${(read / MIB).toFixed(1)}MiB, 110MiB/s)`)
  return contents
}

function tarCommand(volid: string, vmid: number, unprivileged: boolean): string {
  const decompress = DECOMPRESSION.find(([pattern]) => pattern.test(volid))?.[1]
  return [
    ...(unprivileged ? ['lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 --'] : []),
    'tar xpf -',
    ...(decompress === undefined ? [] : [decompress]),
    '--totals --one-file-system -p --sparse --numeric-owner --acls --xattrs',
    "'--xattrs-include=user.*' '--xattrs-include=security.capability'",
    "'--warning=no-file-ignored' '--warning=no-xattr-write'",
    `-C /var/lib/lxc/${vmid}/rootfs --skip-old-files --anchored --exclude './dev/*'`,
  ].join(' ')
}
