import {err, errAsync, ok, okAsync, type Result, type ResultAsync} from 'neverthrow'
import {checkBus, diskValue, type DiskSpec} from '../domain/disk-spec.js'
import {failure, type Failure} from '../domain/failure.js'
import {
  diskAt,
  diskMountedAt,
  disksOf,
  diskWithVolume,
  freeDiskSlot,
  mountTaken,
  readDisk,
  type GuestDisk,
} from '../domain/guest-disks.js'
import {guestLabel, guestNoun, type GuestType} from '../domain/guest.js'
import {readWanted, type WantedDisk} from '../domain/wanted-disk.js'
import type {Volume} from '../repositories/node-storage-repository.js'
import {
  checkUnlocked,
  noun,
  setCommand,
  type DeviceChanges,
  type DeviceFacts,
  type DevicePlan,
  type DeviceTarget,
  type PlannedChange,
} from './device-changes.js'
import type {ReleaseGate} from './release-gate.js'
import type {StorageCheck} from './storage-check.js'

interface Placed {
  readonly key: string
  readonly spec: DiskSpec
  readonly storage: string
  readonly sizeBytes?: number
}

/** Putting disks into guests: new ones, volumes that exist, copies of others. */
export class DiskPlaceService {
  constructor(
    private readonly changes: DeviceChanges,
    private readonly storages: StorageCheck,
    private readonly releases: ReleaseGate,
  ) {}

  place(type: GuestType, nameOrId: string, wanted: WantedDisk): ResultAsync<DevicePlan, Failure> {
    return this.changes.plan(type, nameOrId, (target) => {
      const {guest, settings} = target
      return checkUnlocked(target, `${wanted.action} a disk`, {protection: type === 'lxc'})
        .andThen(() => readWanted(guest, settings, wanted))
        .asyncAndThen((spec): ResultAsync<PlannedChange, Failure> => {
          const held = spec.source.kind === 'volume' ? diskWithVolume(type, settings, spec.source.volume) : undefined
          if (held !== undefined && !held.unused) return this.alreadyThere(target, held, wanted)
          return this.check(target, spec, wanted).map((placed) => this.planned(target, placed, wanted))
        })
    })
  }

  private alreadyThere(
    {guest}: DeviceTarget,
    held: GuestDisk,
    wanted: WantedDisk,
  ): ResultAsync<PlannedChange, Failure> {
    if (wanted.slot !== undefined && held.key !== wanted.slot && held.key.replace(/\d+$/, '') !== wanted.slot) {
      return errAsync(
        failure('conflict', `${held.volume} is attached to ${guestLabel(guest)} already, as ${held.key}`, {
          hint: `Detach it first: homelab proxmox ${noun(guest.type)} disk detach ${guest.name ?? guest.vmid} ${held.key}`,
          details: {reason: 'attached-elsewhere', disk: held.key, volume: held.volume},
        }),
      )
    }

    const {key} = held
    return okAsync({action: wanted.action, key, facts: {disk: held}, commands: [], what: '', finish: () => okAsync({})})
  }

  /** Where it goes, and whether what it is made of is there. */
  private check(target: DeviceTarget, spec: DiskSpec, wanted: WantedDisk): ResultAsync<Placed, Failure> {
    const {guest} = target
    const {node, type} = guest
    const content = type === 'qemu' ? 'images' : 'rootdir'
    const {source} = spec
    const demand = {node, content, overcommit: wanted.overcommit}
    if (source.kind === 'volume') {
      return this.storages
        .volume(node, source.volume)
        .andThen((volume) => checkAttachable(target, volume))
        .andThen((volume) =>
          slotFor(target, withMedia(spec, volume), wanted, volume).map((placed) => ({
            ...placed,
            ...(volume.sizeBytes !== undefined && {sizeBytes: volume.sizeBytes}),
          })),
        )
    }

    const storage = spec.storage ?? wanted.storage ?? usualStorage(target)
    if (storage === undefined) {
      return errAsync(
        failure('usage', `it is not said which storage the disk goes to, and ${guestLabel(guest)} has none yet`, {
          hint: 'Write STORAGE:SIZE, as local-lvm:32GiB, or add --storage',
        }),
      )
    }

    return slotFor(target, spec, wanted).asyncAndThen((placed) => {
      const there = {...placed, storage}
      if (source.kind === 'new') {
        return this.storages
          .require({...demand, storage, bytes: source.sizeBytes})
          .map(() => ({...there, sizeBytes: source.sizeBytes}))
      }

      return this.importable(source.from, wanted.workingStorage)
        .andThen(() => this.storages.volume(node, source.from))
        .andThen((volume) => checkImportable(guestNoun(type), volume))
        .andThen((volume) =>
          this.storages.require({...demand, storage, bytes: volume.sizeBytes ?? 0}).map(() => ({
            ...there,
            ...(volume.sizeBytes !== undefined && {sizeBytes: volume.sizeBytes}),
          })),
        )
    })
  }

  /** `import-from` came with release 7.2, storages for files to import with 8.2, a place of its own to unpack them in with 8.4. */
  private importable(from: string, workingStorage: string | undefined): ResultAsync<void, Failure> {
    return this.releases
      .require('importing a volume as a disk', '7.2', 'On the node: qm importdisk')
      .andThen(() =>
        /:import\//.test(from) ? this.releases.require('a storage with files to import', '8.2') : okAsync(undefined),
      )
      .andThen(() =>
        workingStorage === undefined
          ? okAsync(undefined)
          : this.releases.require('--working-storage', '8.4', 'Leave it out, or import to a storage of files'),
      )
  }

  private planned(target: DeviceTarget, {key, sizeBytes, spec, storage}: Placed, wanted: WantedDisk): PlannedChange {
    const {guest} = target
    const {type} = guest
    const value = diskValue(spec, storage)
    const {workingStorage} = wanted
    const values = {[key]: value, ...(workingStorage !== undefined && {'import-working-storage': workingStorage})}
    const what = `${wanted.action} ${key} to ${guestLabel(guest)}`
    const {format: _format, storage: _storage, ...line} = readDisk(type, key, value)
    const existing = spec.source.kind === 'volume'
    const place = existing ? readDisk(type, key, value).storage : storage
    const disk = {
      ...line,
      ...(place !== undefined && {storage: place}),
      ...(sizeBytes !== undefined && {sizeBytes}),
      unused: false,
    }
    return {
      action: wanted.action,
      key,
      facts: {disk},
      warnings: ineffective(target, key, spec),
      commands: [setCommand(guest, values)],
      what: `${{add: 'adding', attach: 'attaching', import: 'import'}[wanted.action]} of ${key} to ${guestLabel(guest)}`,
      send: () => this.changes.change(target, what, values),
      finish: (now) => okAsync(asItIs(now, key)),
    }
  }
}

/** A place for it, on a bus that knows its options. */
function slotFor(
  {guest, settings}: DeviceTarget,
  spec: DiskSpec,
  {slot, text}: WantedDisk,
  volume?: Volume,
): Result<Placed, Failure> {
  const asked = slot ?? spec.slot
  const drive = volume?.content === 'iso' && asked === undefined ? emptyDrive(settings) : undefined
  const path = spec.options.get('mp')
  const rival = path === undefined ? undefined : diskMountedAt(settings, path)
  if (rival !== undefined) return err(mountTaken(guest, rival, path ?? ''))
  const place: Result<string, Failure> =
    drive === undefined
      ? freeDiskSlot(guest, settings, asked ?? (volume?.content === 'iso' ? 'ide' : undefined))
      : ok(drive)
  return place.andThen((key) =>
    (guest.type === 'qemu' ? checkBus(key.replace(/\d+$/, ''), spec.options, `disk "${text}"`) : ok(undefined)).map(
      () => ({key, spec, storage: spec.storage ?? ''}),
    ),
  )
}

/** A CD-ROM drive without a disc takes one without any other change. */
function emptyDrive(settings: DeviceTarget['settings']): string | undefined {
  return disksOf('qemu', settings).find(
    ({kind, pending, volume}) => kind === 'cdrom' && volume === 'none' && pending === undefined,
  )?.key
}

/** The server wants to be told that an ISO is a disc. */
function withMedia(spec: DiskSpec, {content}: Volume): DiskSpec {
  return content === 'iso' ? {...spec, options: new Map([...spec.options, ['media', 'cdrom']])} : spec
}

function usualStorage({guest, settings}: DeviceTarget): string | undefined {
  return disksOf(guest.type, settings).find(({kind}) => kind === 'disk' || kind === 'rootfs')?.storage
}

function checkAttachable({guest}: DeviceTarget, volume: Volume): Result<Volume, Failure> {
  const {content, vmid} = volume
  const fitting = guest.type === 'qemu' ? ['images', 'iso'] : ['rootdir']
  if (!fitting.includes(content)) {
    return err(
      failure('refused', `${volume.volume} is no disk of a ${guestNoun(guest.type)} but ${content}`, {
        hint:
          content === 'import'
            ? `Make a disk of it: homelab proxmox vm disk import ${guest.name ?? guest.vmid} ${volume.volume}`
            : `Fitting content is ${fitting.join(' or ')}`,
        details: {reason: 'volume-content', volume: volume.volume, content},
      }),
    )
  }

  if (vmid !== undefined && vmid !== guest.vmid) {
    return err(
      failure('refused', `${volume.volume} belongs to guest ${vmid}: two that write to one disk destroy it`, {
        hint: `Let that one give it away: homelab proxmox ${noun(guest.type)} disk reassign ${vmid} DISK ${guest.name ?? guest.vmid}; or copy it with: disk import`,
        details: {reason: 'volume-of-other', volume: volume.volume, owner: vmid},
      }),
    )
  }

  return ok(volume)
}

function checkImportable(what: string, volume: Volume): Result<Volume, Failure> {
  return volume.content === 'images' || volume.content === 'import'
    ? ok(volume)
    : err(
        failure('refused', `${volume.volume} is ${volume.content}, of which no disk of a ${what} can be made`, {
          hint: 'Import a disk of a VM (images), or a file of content "import"',
          details: {reason: 'volume-content', volume: volume.volume, content: volume.content},
        }),
      )
}

function ineffective({settings}: DeviceTarget, key: string, {options}: DiskSpec): string[] {
  const controller = settings.next['scsihw'] ?? 'lsi'
  return options.get('iothread') === '1' && key.startsWith('scsi') && controller !== 'virtio-scsi-single'
    ? [
        `iothread has no effect on ${key}: the VM's SCSI controller is ${controller}, and only virtio-scsi-single has a thread for each disk`,
      ]
    : []
}

function asItIs({guest, settings}: DeviceTarget, key: string): DeviceFacts {
  const disk = diskAt(guest.type, settings, key)
  return {
    ...(disk !== undefined && {disk}),
    ...(disk?.pending !== undefined && {restartNeeded: true as const}),
  }
}
