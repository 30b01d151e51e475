import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import {readDisk, type DiskLine} from './guest-disks.js'
import type {StorageNeed} from './guest-placement.js'
import {guestNeeds} from './guest-needs.js'
import {guestNoun, type GuestType} from './guest.js'
import {naturalOrder} from './natural-order.js'
import {netValue, parseNetSpec} from './net-spec.js'
import type {GuestNeeds} from './placement-facts.js'
import {formatPropertyString, parsePropertyString} from './property-string.js'
import type {SavedConfig} from './saved-config.js'

const GIB = 1024 ** 3
const MIB = 1024 ** 2

/** Where restored disks go: all of them to one storage, or those of some storages to others. */
export interface StorageMap {
  readonly all?: string
  readonly from: ReadonlyMap<string, string>
}

/**
 * `copy`: a guest beside the original. `return`: a guest that is gone comes back under its own VMID. `in-place`: over the guest that is there.
 * A copy must never be taken for the original, so it loses what makes it that: MAC addresses, network, directories of the node, starting with the node.
 */
export type RestoreKind = 'copy' | 'in-place' | 'return'

export interface RestoreWish {
  readonly kind: RestoreKind
  readonly name?: string
  readonly storage: StorageMap
  /** NICs stay connected as they were. */
  readonly keepNetwork: boolean
  /** Directories and devices of the node stay mounted in a container; root@pam only. */
  readonly keepMounts: boolean
  /** NICs are connected to this bridge instead. */
  readonly bridge?: string
  /** Further options, by their names in the API, as they are sent. */
  readonly options: Readonly<Record<string, string>>
}

/** A mount of the node's own that the restored container has not. */
export interface LeftOutMount {
  readonly key: string
  readonly source: string
  readonly path?: string
}

export interface RestorePlan {
  /** What is sent besides VMID and archive. */
  readonly parameters: Readonly<Record<string, boolean | number | string>>
  readonly name: string
  readonly memoryBytes: number
  readonly storages: readonly StorageNeed[]
  /** What it will be connected to. */
  readonly reach: Pick<GuestNeeds, 'bridges' | 'devices'>
  /** NICs that are there, but with the cable pulled. */
  readonly unplugged: readonly string[]
  readonly leftOut: readonly LeftOutMount[]
  /** Volumes that the backup does not hold: empty ones of their size. */
  readonly emptied: readonly string[]
  readonly warnings: readonly string[]
}

/** What a restore sends, and what it leaves out; nothing here touches anything. */
export function planRestore(
  type: GuestType,
  vmid: number,
  saved: SavedConfig,
  wish: RestoreWish,
): Result<RestorePlan, Failure> {
  const forbidden = Object.keys(wish.options).find((key) => isDisk(type, key))
  if (forbidden !== undefined) {
    return err(
      failure(
        'usage',
        `${forbidden} cannot be set while a ${guestNoun(type)} is restored: disks come from the backup`,
        {
          hint: 'Say where they go with --storage, and change them afterwards',
          details: {field: forbidden},
        },
      ),
    )
  }

  const disks = disksOf(type, saved)
  const placed = type === 'qemu' ? vmDisks(disks, wish) : containerDisks(saved, disks, wish)
  if (placed.isErr()) return err(placed.error)
  const nics = nicsOf(type, saved, wish)
  if (nics.isErr()) return err(nics.error)
  const raw = rawMount(type, saved, wish)
  if (raw !== undefined) return err(raw)
  const name = wish.name ?? saved.values[type === 'qemu' ? 'name' : 'hostname']
  const copy = wish.kind === 'copy'
  const parameters = {
    ...placed.value.parameters,
    ...nics.value.parameters,
    ...(wish.name !== undefined && {[type === 'qemu' ? 'name' : 'hostname']: wish.name}),
    ...(copy && saved.values['onboot'] === '1' && {onboot: false}),
    ...(copy && {unique: true}),
    ...(wish.kind === 'in-place' && {force: true}),
    // The default changed with Proxmox VE 9 (reference 2.13), and a container must not become a privileged one by that.
    ...(type === 'lxc' && {unprivileged: saved.values['unprivileged'] === '1'}),
    ...wish.options,
  }
  return ok({
    parameters,
    name: name ?? `${type === 'qemu' ? 'VM' : 'CT'}${vmid}`,
    memoryBytes: memoryOf({...saved.values, ...wish.options}),
    storages: placed.value.storages,
    reach: guestNeeds(type, {...saved.values, ...parameters}),
    unplugged: nics.value.unplugged,
    leftOut: placed.value.leftOut,
    emptied: placed.value.emptied,
    warnings: [...placed.value.warnings, ...(copy ? shared(type, saved) : [])],
  })
}

/** `local-lvm`, or `nas:local-lvm` for the disks that were on nas; several of the latter. */
export function parseStorageMap(texts: readonly string[]): Result<StorageMap, Failure> {
  const from = new Map<string, string>()
  let all: string | undefined
  for (const text of texts.flatMap((one) => one.split(','))) {
    const [source = '', target, ...rest] = text.trim().split(':')
    const bad = source === '' || target === '' || rest.length > 0
    if (bad || (target === undefined && all !== undefined) || from.has(source)) {
      return err(
        failure('usage', `--storage: "${texts.join(' ')}" is not possible`, {
          hint: 'Write one storage for all disks, or OLD:NEW for those of each storage',
          details: {field: 'storage', value: text},
        }),
      )
    }

    if (target === undefined) all = source
    else from.set(source, target)
  }

  return ok({...(all !== undefined && {all}), from})
}

interface PlacedDisks {
  readonly parameters: Readonly<Record<string, string>>
  readonly storages: readonly StorageNeed[]
  readonly leftOut: readonly LeftOutMount[]
  readonly emptied: readonly string[]
  readonly warnings: readonly string[]
}

function isDisk(type: GuestType, key: string): boolean {
  return type === 'qemu'
    ? /^(?:ide|sata|scsi|virtio|efidisk|tpmstate|unused)\d+$/.test(key)
    : /^(?:rootfs|(?:mp|unused)\d+)$/.test(key)
}

function disksOf(type: GuestType, {values}: SavedConfig): DiskLine[] {
  return Object.keys(values)
    .filter((key) => isDisk(type, key) && !key.startsWith('unused'))
    .sort(naturalOrder)
    .map((key) => readDisk(type, key, values[key] ?? ''))
}

/** The server takes one storage for all disks of a VM, or leaves each where it was. */
function vmDisks(disks: readonly DiskLine[], {storage}: RestoreWish): Result<PlacedDisks, Failure> {
  const volumes = disks.filter(({kind, storage: on}) => kind !== 'cdrom' && on !== undefined)
  const lacking = volumes.filter(({kind, options}) => kind === 'disk' && options['backup'] === false)
  const saved = volumes.filter((disk) => !lacking.includes(disk))
  const targets = saved.map((disk) => ({disk, target: targetOf(disk.storage ?? '', storage)}))
  const moved = targets.filter(({disk, target}) => target !== disk.storage)
  const [first] = targets
  if (moved.length > 0 && targets.some(({target}) => target !== first?.target)) {
    return err(
      failure(
        'not-supported',
        'Proxmox VE restores all disks of a VM to one storage, or each to its own, but not some of them elsewhere',
        {
          hint: `Name one storage with --storage, and move disks afterwards: homelab proxmox vm disk move. They were: ${saved.map(({key, storage: on}) => `${key} on ${on}`).join(', ')}`,
          details: {field: 'storage', disks: saved.map(({key, storage: on}) => ({key, storage: on}))},
        },
      ),
    )
  }

  const needs = new Map<string, number>()
  for (const {disk, target} of targets) needs.set(target, (needs.get(target) ?? 0) + (disk.sizeBytes ?? 0))
  return ok({
    parameters: moved.length > 0 && first !== undefined ? {storage: first.target} : {},
    storages: [...needs].map(([one, bytes]): StorageNeed => ({storage: one, content: 'images', bytes})),
    leftOut: [],
    emptied: [],
    warnings: lacking.map(({key, volume}) => `${key} (${volume}) is not in the backup, and not restored`),
  })
}

/**
 * Every volume is named with its storage and size. That keeps the server from its own default, which is the storage `local` (reference 2.13), and from
 * mounting directories of the node again, which it does only where nothing is named.
 */
function containerDisks(
  {values}: SavedConfig,
  disks: readonly DiskLine[],
  {keepMounts, storage}: RestoreWish,
): Result<PlacedDisks, Failure> {
  const parameters: Record<string, string> = {}
  const leftOut: LeftOutMount[] = []
  const emptied: string[] = []
  const needs = new Map<string, number>()
  for (const disk of disks) {
    const {key, kind, mountPath, options, sizeBytes, storage: on, volume} = disk
    if (kind === 'bind' || on === undefined) {
      if (keepMounts) parameters[key] = values[key] ?? ''
      else leftOut.push({key, source: volume, ...(mountPath !== undefined && {path: mountPath})})
      continue
    }

    if (sizeBytes === undefined || sizeBytes === 0) return err(sizeless(key, volume))
    const target = targetOf(on, storage)
    const parts = parsePropertyString(values[key] ?? '', {defaultKey: 'volume'})
    const rest = [...parts].filter(([name]) => name !== 'volume' && name !== 'size')
    parameters[key] = formatPropertyString([['', `${target}:${Number((sizeBytes / GIB).toFixed(6))}`], ...rest])
    needs.set(target, (needs.get(target) ?? 0) + sizeBytes)
    if (kind === 'mount' && options['backup'] !== true) emptied.push(key)
  }

  return ok({
    parameters,
    storages: [...needs].map(([one, bytes]): StorageNeed => ({storage: one, content: 'rootdir', bytes})),
    leftOut,
    emptied,
    warnings: [
      ...emptied.map((key) => `${key} is not in the backup: the container gets an empty volume there`),
      ...leftOut.map(({key, source}) => `${key} (${source} of the node) is left out; --keep-mounts keeps it`),
    ],
  })
}

function targetOf(storage: string, {all, from}: StorageMap): string {
  return from.get(storage) ?? all ?? storage
}

/** A copy keeps its NICs with the cable pulled, so that two guests never answer at one address. */
function nicsOf(
  type: GuestType,
  {values}: SavedConfig,
  {bridge, keepNetwork, kind, options}: RestoreWish,
): Result<{parameters: Readonly<Record<string, string>>; unplugged: readonly string[]}, Failure> {
  const parameters: Record<string, string> = {}
  const unplugged: string[] = []
  if (keepNetwork && bridge === undefined) return ok({parameters, unplugged})
  for (const key of Object.keys(values).filter((one) => /^net\d+$/.test(one) && options[one] === undefined)) {
    const nic = parseNetSpec(values[key] ?? '', type)
    if (nic.isErr()) return err(nic.error)
    const changed = new Map(nic.value)
    // Without one the server makes an address up.
    if (kind === 'copy') changed.delete(type === 'qemu' ? 'macaddr' : 'hwaddr')
    if (bridge === undefined) {
      changed.set('link_down', '1')
      unplugged.push(key)
    } else {
      changed.set('bridge', bridge)
      // Of another network's making.
      changed.delete('tag')
      changed.delete('trunks')
    }

    parameters[key] = netValue(changed, type)
  }

  return ok({parameters, unplugged})
}

/** Lines for LXC itself cannot be left out by the API, and they can mount anything. */
function rawMount(type: GuestType, {values}: SavedConfig, {keepMounts}: RestoreWish): Failure | undefined {
  const key = type === 'lxc' && !keepMounts ? Object.keys(values).find((one) => one.startsWith('lxc.mount')) : undefined
  if (key === undefined) return undefined
  return failure(
    'refused',
    `the container mounts something of its node by a raw line of its configuration: ${key}: ${values[key] ?? ''}`,
    {
      hint: 'The API cannot leave such a line out. Restore it with --keep-mounts, or on the node with "pct restore", and take the line out before it starts',
      details: {reason: 'raw-mount', key, value: values[key]},
    },
  )
}

/** What a copy has in common with the original, and only one of the two can use. */
function shared(type: GuestType, {values}: SavedConfig): string[] {
  const pattern =
    type === 'qemu' ? /^(?:hookscript|hostpci\d+|virtiofs\d+|parallel\d+)$/ : /^(?:hookscript|dev\d+|lxc\..*)$/
  const device = (key: string, value: string): boolean =>
    (/^usb\d+$/.test(key) && !/^(?:host=)?spice/.test(value)) || (/^serial\d+$/.test(key) && value !== 'socket')
  return Object.entries(values)
    .filter(([key, value]) => pattern.test(key) || (type === 'qemu' && device(key, value)))
    .map(
      ([key, value]) =>
        `the copy shares ${key} (${value.split('\n', 1)[0]}) with the original: take it out before both run`,
    )
}

function memoryOf(values: Readonly<Record<string, string>>): number {
  const mib = Number(/^(?:current=)?(\d+)/.exec(values['memory'] ?? '')?.[1] ?? 512)
  return (Number.isNaN(mib) ? 512 : mib) * MIB
}

function sizeless(key: string, volume: string): Failure {
  return failure('refused', `the backup does not tell how large ${key} (${volume}) is`, {
    hint: 'Restore it on the node, where the size can be given: pct restore',
    details: {reason: 'no-size', key, volume},
  })
}
