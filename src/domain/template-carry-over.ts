import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import {isDiskKey, readDisk} from './guest-disks.js'
import {parsePropertyString, formatPropertyString} from './property-string.js'
import {bootDisk} from './vm-disks.js'
import type {GuestOptions} from './guest-options.js'

type Config = Readonly<Record<string, unknown>>

/** What is made anew with each VM, or says how it is now. */
const OWN: ReadonlySet<string> = new Set([
  'boot',
  'bootdisk',
  'description',
  'digest',
  'lock',
  'meta',
  'name',
  'parent',
  'smbios1',
  'template',
  'vmgenid',
])

/** Parts of a disk's line that belong to its volume. */
const OF_THE_VOLUME: ReadonlySet<string> = new Set(['file', 'format', 'media', 'size', 'volume'])

/** Why a template cannot be made anew from its image alone: it has what no image brings and no configuration tells. */
export function notRebuildable(old: Config): Result<void, Failure> {
  const boot = bootDisk(old)
  if (boot === undefined) {
    return err(
      failure('refused', 'its boot disk cannot be told from its configuration', {
        details: {reason: 'no-boot-disk'},
      }),
    )
  }

  const more = Object.keys(old).filter(
    (key) => key !== boot && isDiskKey('qemu', key) && readDisk('qemu', key, String(old[key])).kind === 'disk',
  )
  if (more.length > 0) {
    return err(
      failure('refused', `it has ${more.join(', ')} besides its boot disk, and nobody knows what shall be on it`, {
        hint: 'Build a new template under another name, and give it such disks by hand',
        details: {reason: 'more-disks', disks: more},
      }),
    )
  }

  if (old['cipassword'] !== undefined) {
    return err(
      failure('refused', 'it has a password for cloud-init, which nobody can read to carry it over', {
        hint: 'Take it out, and give clones theirs: homelab proxmox vm config set NAME --delete cipassword',
        details: {reason: 'has-password'},
      }),
    )
  }

  return ok(undefined)
}

/**
 * The options that make a fresh VM the same as the template it replaces: hardware, network, cloud-init, options of the boot disk. `delete` names what the
 * old one does not have.
 * @param old the template's configuration
 * @param fresh that of the VM, as it was made
 */
export function carriedOver(old: Config, fresh: Config): GuestOptions {
  const isPlain = (key: string): boolean => !OWN.has(key) && !(isDiskKey('qemu', key) && !isEmptyDrive(old[key]))
  const values: Record<string, string> = {}
  for (const [key, value] of Object.entries(old)) {
    if (!isPlain(key)) continue
    const text = /^net\d+$/.test(key) ? withoutMac(String(value)) : String(value)
    const now = /^net\d+$/.test(key) ? withoutMac(String(fresh[key] ?? '')) : String(fresh[key] ?? '')
    if (text !== now) values[key] = text
  }

  const disk = diskOptions(old, fresh)
  if (disk !== undefined) values[disk.key] = disk.value
  const boot = bootOrder(old, {...fresh, ...values})
  if (boot !== undefined && boot !== fresh['boot']) values['boot'] = boot
  const gone = Object.keys(fresh).filter((key) => !OWN.has(key) && !isDiskKey('qemu', key) && old[key] === undefined)
  return {...values, ...(gone.length > 0 && {delete: gone.join(',')})}
}

function isEmptyDrive(value: unknown): boolean {
  return typeof value === 'string' && /(?:^|,)media=cdrom/.test(value) && !value.includes('cloudinit')
}

/** The old boot disk's options on the new volume; undefined where they are the same, or the bus is another. */
function diskOptions(old: Config, fresh: Config): {key: string; value: string} | undefined {
  const from = bootDisk(old)
  const to = bootDisk(fresh)
  if (from === undefined || to === undefined || busOf(from) !== busOf(to)) return undefined
  const before = parsePropertyString(String(old[from]), {defaultKey: 'volume'})
  const after = parsePropertyString(String(fresh[to]), {defaultKey: 'volume'})
  const volume = after.get('volume') ?? after.get('file') ?? ''
  const kept = [...before].filter(([name]) => !OF_THE_VOLUME.has(name))
  const made = [...after].filter(([name]) => !OF_THE_VOLUME.has(name))
  const isSame = kept.length === made.length && kept.every(([name, value]) => after.get(name) === value)
  return isSame ? undefined : {key: to, value: formatPropertyString([['', volume], ...kept])}
}

function busOf(key: string): string {
  return key.replace(/\d+$/, '')
}

/** The old order, where all of its devices are there. */
function bootOrder(old: Config, next: Config): string | undefined {
  const keys = /(?:^|,)order=([^,]*)/.exec(String(old['boot'] ?? ''))?.[1]?.split(';') ?? []
  return keys.length > 0 && keys.every((key) => next[key] !== undefined) ? String(old['boot']) : undefined
}

/** `virtio=BC:24:11:00:00:01,bridge=vmbr0` without the address, which is made anew. */
function withoutMac(net: string): string {
  return net.replace(/^(\w+)=[\dA-Fa-f]{2}(?::[\dA-Fa-f]{2}){5}/, '$1').replace(/(?:^|,)macaddr=[^,]*/, '')
}
