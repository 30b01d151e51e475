import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import type {GuestType} from './guest.js'
import {readOptions, type OptionGrammar} from './option-grammar.js'
import {formatPropertyString, splitPropertyString, type PropertyPart} from './property-string.js'
import {formatSize, parseSize} from './size.js'

const MIB = 2 ** 20
const GIB = 2 ** 30

/** A disk or mount point that somebody asks for: `local-lvm:32GiB,ssd,discard`, in the parts that Proxmox VE needs. */
export interface DiskSpec {
  /** A new volume of so many bytes, a volume that exists, or a copy of another volume's contents. */
  readonly source:
    | {readonly kind: 'import'; readonly from: string}
    | {readonly kind: 'new'; readonly sizeBytes: number}
    | {readonly kind: 'volume'; readonly volume: string}
  /** Where a new volume goes; absent where the text names none. */
  readonly storage?: string
  /** `scsi` or `scsi1`, where the text asks for one. */
  readonly slot?: string
  /** The options as Proxmox VE writes them. */
  readonly options: ReadonlyMap<string, string>
}

const number = /^\d+(?:\.\d+)?$/
const integer = /^\d+$/
const action = ['ignore', 'report', 'stop'] as const

/** Options of a VM's disk that make sense to give; `POST /nodes/{node}/qemu`, `scsi[n]` and its like. */
const VM_DISK: OptionGrammar = {
  aio: ['native', 'threads', 'io_uring'],
  backup: 'flag',
  cache: ['none', 'writethrough', 'writeback', 'unsafe', 'directsync'],
  detect_zeroes: 'flag',
  discard: {on: 'on', off: 'ignore'},
  format: ['raw', 'qcow2', 'vmdk'],
  iops: integer,
  iops_rd: integer,
  iops_wr: integer,
  iops_max: integer,
  iops_rd_max: integer,
  iops_wr_max: integer,
  iothread: 'flag',
  mbps: number,
  mbps_rd: number,
  mbps_wr: number,
  mbps_max: number,
  mbps_rd_max: number,
  mbps_wr_max: number,
  media: ['cdrom', 'disk'],
  queues: integer,
  replicate: 'flag',
  rerror: action,
  ro: 'flag',
  serial: /^[^,]{1,60}$/,
  shared: 'flag',
  snapshot: 'flag',
  ssd: 'flag',
  werror: ['enospc', ...action],
  wwn: /^0x[\dA-Fa-f]{16}$/,
}

const MOUNT_OPTION = '(?:discard|lazytime|noatime|nodev|noexec|nosuid)'

/** Options of a container's root file system and mount points; `POST /nodes/{node}/lxc`, `mp[n]`. */
const CONTAINER_DISK: OptionGrammar = {
  acl: 'flag',
  backup: 'flag',
  mount: {sameAs: 'mp'},
  mountoptions: new RegExp(`^${MOUNT_OPTION}(?:;${MOUNT_OPTION})*$`),
  mp: /^\/[^,]*$/,
  quota: 'flag',
  replicate: 'flag',
  ro: 'flag',
  shared: 'flag',
}

/** What a bus cannot do; the schema of each bus lacks the option. */
const NOT_ON: Readonly<Record<string, readonly string[]>> = {
  ide: ['iothread', 'queues', 'ro'],
  sata: ['iothread', 'queues', 'ro'],
  scsi: [],
  virtio: ['queues', 'ssd', 'wwn'],
}

/** How many slots a bus has (reference 2.1). */
export const BUS_SLOTS: Readonly<Record<string, number>> = {ide: 4, sata: 6, scsi: 31, virtio: 16}

/**
 * Reads `STORAGE:SIZE`, `SIZE`, `STORAGE:VOLUME` or `STORAGE,import=VOLUME`, with options after commas. A size without unit is GiB, as Proxmox VE
 * reads it. `slot=scsi1` and `bus=virtio` choose the place of a VM's disk.
 * @returns a `usage` failure that names the text, the option and the remedy
 */
export function parseDiskSpec(text: string, type: GuestType): Result<DiskSpec, Failure> {
  const what = `disk "${text}"`
  const [first, ...rest] = splitPropertyString(text)
  if (first === undefined || (first.key !== undefined && first.key !== 'file' && first.key !== 'volume'))
    return err(failure('usage', `${what}: it does not begin with a storage or a size`, {hint: FORMS}))
  const own = (keys: readonly string[]): PropertyPart | undefined =>
    rest.find(({key}) => key !== undefined && keys.includes(key))
  const place = type === 'qemu' ? own(['slot', 'bus']) : undefined
  const imported = type === 'qemu' ? own(['import', 'import-from']) : undefined
  const options = rest.filter((part) => part !== place && part !== imported)
  return readOptions(options, type === 'qemu' ? VM_DISK : CONTAINER_DISK, what)
    .andThen((read) => checkSlot(place?.value, read, what).map(() => read))
    .andThen((read) => readSource(first.value, imported?.value, what).map((source) => ({...source, options: read})))
    .map((spec) => (place === undefined ? spec : {...spec, slot: place.value}))
}

const FORMS = 'Write local-lvm:32GiB,ssd,discard for a new disk, or the id of a volume that exists'

function readSource(
  text: string,
  imported: string | undefined,
  what: string,
): Result<Pick<DiskSpec, 'source' | 'storage'>, Failure> {
  // A folder or device of the node itself.
  if (text.startsWith('/')) return ok({source: {kind: 'volume', volume: text}})
  const colon = text.indexOf(':')
  const [storage, rest] = colon === -1 ? [undefined, text] : [text.slice(0, colon), text.slice(colon + 1)]
  const on = storage === undefined ? {} : {storage}
  if (imported !== undefined) {
    const target = storage ?? (/^\d/.test(text) ? undefined : text)
    return ok({
      source: {kind: 'import', from: imported},
      ...(target !== undefined && {storage: target}),
    })
  }

  if (!/^\d+(?:\.\d+)?\s*(?:[kmgtp]i?b?)?$/i.test(rest)) {
    // `local-lvm` alone leaves the size open; anything else behind the colon is a volume's name.
    return storage === undefined || rest === ''
      ? err(failure('usage', `${what}: it names no size`, {hint: FORMS}))
      : ok({source: {kind: 'volume', volume: text}})
  }

  return (number.test(rest) ? ok(Number(rest) * GIB) : parseSize(rest)).andThen((sizeBytes) =>
    sizeBytes >= MIB && sizeBytes % MIB === 0
      ? ok({source: {kind: 'new' as const, sizeBytes}, ...on})
      : err(
          failure('usage', `${what}: ${formatSize(sizeBytes)} is no possible size`, {
            hint: 'Give whole MiB, at least 1, with the unit: 32GiB',
          }),
        ),
  )
}

function checkSlot(
  slot: string | undefined,
  options: ReadonlyMap<string, string>,
  what: string,
): Result<void, Failure> {
  if (slot === undefined) return ok(undefined)
  const [, bus = '', index = '0'] = /^([a-z]+)(\d*)$/.exec(slot) ?? []
  const slots = BUS_SLOTS[bus]
  if (slots === undefined || Number(index || '0') >= slots) {
    return err(
      failure('usage', `${what}: there is no slot "${slot}"`, {
        hint: `Use ${Object.entries(BUS_SLOTS)
          .map(([name, count]) => `${name}0 to ${name}${count - 1}`)
          .join(', ')}, or the bus alone`,
      }),
    )
  }

  return checkBus(bus, options, what)
}

/** Refuses options that a bus does not have, as `ssd` on `virtio`. */
export function checkBus(bus: string, options: ReadonlyMap<string, string>, what: string): Result<void, Failure> {
  const wrong = (NOT_ON[bus] ?? []).find((option) => options.has(option))
  return wrong === undefined
    ? ok(undefined)
    : err(
        failure('usage', `${what}: disks on ${bus} have no option "${wrong}"`, {
          hint: `Leave it out, or use another bus: slot=scsi`,
          details: {option: wrong, bus},
        }),
      )
}

/**
 * The disk as Proxmox VE wants it: `local-lvm:32,ssd=1`. A new volume's size is in GiB, with decimals where it needs them.
 * @param storage for a new volume whose spec names none
 */
export function diskValue({options, source, storage: own}: DiskSpec, storage: string): string {
  const place = own ?? storage
  const volume = {
    new: () => `${place}:${gibibytes((source as {sizeBytes: number}).sizeBytes)}`,
    volume: () => (source as {volume: string}).volume,
    import: () => `${place}:0`,
  }[source.kind]()
  return formatPropertyString([
    ['', volume],
    ...(source.kind === 'import' ? [['import-from', source.from] as const] : []),
    ...options,
  ])
}

/** `32`, `0.5`: exact, for a MiB is a multiple of 2^-10 GiB. */
function gibibytes(bytes: number): string {
  return (bytes / GIB).toFixed(10).replace(/\.?0+$/, '')
}
