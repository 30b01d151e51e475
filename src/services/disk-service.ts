import {okAsync, ResultAsync} from 'neverthrow'
import {checkKind, newSize, NOT_MOVED, NOT_RESIZED, parseNewSize} from '../domain/disk-rules.js'
import type {Failure} from '../domain/failure.js'
import {diskAt, disksOf, diskWithVolume, proxmoxSize, requireDisk, type GuestDisk} from '../domain/guest-disks.js'
import {guestLabel, type GuestType} from '../domain/guest.js'
import {guestCommand} from '../domain/native-command.js'
import {
  checkUnlocked,
  type DeviceChanges,
  type DeviceFacts,
  type DevicePlan,
  type DeviceTarget,
  type PlannedChange,
} from './device-changes.js'
import type {DiskGuards} from './disk-guards.js'
import type {StorageCheck} from './storage-check.js'

export interface DiskMove {
  readonly storage: string
  readonly deleteSource: boolean
  /** VMs only: `raw`, `qcow2`, `vmdk`. */
  readonly format?: string
  readonly overcommit: boolean
}

/** The disks of VMs and containers: listing, growing and moving them. */
export class DiskService {
  constructor(
    private readonly changes: DeviceChanges,
    private readonly guards: DiskGuards,
    private readonly storages: StorageCheck,
  ) {}

  /** All disks. The configuration does not tell how large unused ones are, so their storages are asked; where those may not be seen it stays open. */
  list(type: GuestType, nameOrId: string): ResultAsync<GuestDisk[], Failure> {
    return this.changes.open(type, nameOrId).andThen(({guest, settings}) => {
      const disks = disksOf(type, settings)
      const unmeasured = disks.filter((disk) => disk.unused && disk.sizeBytes === undefined)
      const storages = [...new Set(unmeasured.flatMap(({storage}) => storage ?? []))]
      return ResultAsync.combine(
        storages.map((storage) => this.storages.volumesOf(guest.node, storage, guest.vmid).orElse(() => okAsync([]))),
      ).map((lists) => {
        const sizes = new Map(lists.flat().map(({sizeBytes, volume}) => [volume, sizeBytes]))
        return disks.map((disk) => {
          const sizeBytes = disk.sizeBytes ?? sizes.get(disk.volume)
          return sizeBytes === undefined ? disk : {...disk, sizeBytes}
        })
      })
    })
  }

  /**
   * Makes a disk larger; never smaller.
   * @param size `+10GiB`, or the size it is to have: `40GiB`
   */
  resize(
    type: GuestType,
    nameOrId: string,
    key: string,
    size: string,
    overcommit: boolean,
  ): ResultAsync<DevicePlan, Failure> {
    return parseNewSize(size).asyncAndThen((wanted) =>
      this.changes.plan(type, nameOrId, (target) => {
        const {guest, settings} = target
        const what = `resize ${key}`
        return checkUnlocked(target, what)
          .andThen(() => requireDisk(guest, settings, key))
          .andThen((disk) => checkKind(guest, disk, what, NOT_RESIZED))
          .andThen((disk) => newSize(guest, disk, wanted))
          .asyncAndThen(({bytes, disk}): ResultAsync<PlannedChange, Failure> => {
            const grown = {...disk, sizeBytes: bytes}
            const facts = {disk: grown, previousSizeBytes: disk.sizeBytes ?? 0}
            const planned = {action: 'resize', key, facts, what: `resize of ${key} of ${guestLabel(guest)}`} as const
            const finish = readBack(key, {previousSizeBytes: disk.sizeBytes ?? 0})
            if (bytes === disk.sizeBytes) return okAsync({...planned, facts: {disk}, commands: [], finish})
            const send = () => this.changes.devices.resize(guest, key, proxmoxSize(bytes), settings.digest)
            return this.storages
              .require({
                node: guest.node,
                storage: disk.storage ?? '',
                bytes: bytes - (disk.sizeBytes ?? 0),
                overcommit,
              })
              .map(() => ({
                ...planned,
                commands: [guestCommand(type, 'resize', [guest.vmid, key, proxmoxSize(bytes)])],
                send,
                finish,
              }))
          })
      }),
    )
  }

  /** Copies a disk to another storage, or into another format; the old volume stays as `unusedN` unless it is to be deleted. */
  move(type: GuestType, nameOrId: string, key: string, move: DiskMove): ResultAsync<DevicePlan, Failure> {
    const {deleteSource, format, overcommit, storage} = move
    return this.changes.plan(type, nameOrId, (target) => {
      const {guest, settings} = target
      const what = `move ${key}`
      return checkUnlocked(target, what)
        .andThen(() => requireDisk(guest, settings, key))
        .andThen((disk) => checkKind(guest, disk, what, NOT_MOVED))
        .asyncAndThen((disk): ResultAsync<PlannedChange, Failure> => {
          const previous = {previousStorage: disk.storage ?? '', volume: disk.volume}
          const planned = {
            action: 'move',
            key,
            facts: {disk: {...disk, storage}, previousStorage: disk.storage ?? ''},
            what: `move of ${key} of ${guestLabel(guest)} to ${storage}`,
            finish: movedFrom(key, previous),
          } as const
          if (disk.storage === storage && (format === undefined || format === disk.format)) {
            return okAsync({...planned, facts: {disk}, commands: []})
          }

          const options = {
            storage,
            deleteSource,
            ...(format !== undefined && {format}),
            ...(settings.digest !== undefined && {digest: settings.digest}),
          }
          return (type === 'lxc' ? this.guards.stopped(guest, what) : okAsync<void, Failure>(undefined))
            .andThen(() =>
              this.storages.require({
                node: guest.node,
                storage,
                content: type === 'qemu' ? 'images' : 'rootdir',
                bytes: disk.sizeBytes ?? 0,
                overcommit,
              }),
            )
            .andThen(() => (deleteSource ? this.guards.notInSnapshots(guest, disk, what) : okAsync(undefined)))
            .map(() => ({
              ...planned,
              commands: [
                guestCommand(type, type === 'qemu' ? 'disk move' : 'move-volume', [guest.vmid, key, storage], {
                  ...(deleteSource && {delete: 1}),
                  format,
                }),
              ],
              send: () => this.changes.devices.move(guest, key, options),
            }))
        })
    })
  }
}

function readBack(key: string, facts: DeviceFacts) {
  return ({guest, settings}: DeviceTarget): ResultAsync<DeviceFacts, Failure> => {
    const disk = diskAt(guest.type, settings, key)
    return okAsync({...facts, ...(disk !== undefined && {disk})})
  }
}

function movedFrom(key: string, previous: {readonly previousStorage: string; readonly volume: string}) {
  return ({guest, settings}: DeviceTarget): ResultAsync<DeviceFacts, Failure> => {
    const disk = diskAt(guest.type, settings, key)
    const kept = diskWithVolume(guest.type, settings, previous.volume)
    return okAsync({
      ...(disk !== undefined && {disk}),
      previousStorage: previous.previousStorage,
      ...(kept !== undefined && kept.key !== key && {keptAs: kept.key}),
    })
  }
}
