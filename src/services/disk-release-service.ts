import {err, ok, okAsync, type Result, type ResultAsync} from 'neverthrow'
import {checkKind, NOT_DETACHED, NOT_REASSIGNED} from '../domain/disk-rules.js'
import {failure, type Failure} from '../domain/failure.js'
import {diskAt, diskWithVolume, placeForReassigned, requireDisk, type GuestDisk} from '../domain/guest-disks.js'
import {guestLabel, type GuestType} from '../domain/guest.js'
import {guestCommand} from '../domain/native-command.js'
import {bootDisk} from '../domain/vm-disks.js'
import {
  checkUnlocked,
  setCommand,
  type DeviceChanges,
  type DeviceFacts,
  type DevicePlan,
  type DeviceTarget,
  type PlannedChange,
} from './device-changes.js'
import type {DiskGuards} from './disk-guards.js'
import type {StorageCheck} from './storage-check.js'

/** Letting go of disks: detaching them, destroying them, giving them to another guest. */
export class DiskReleaseService {
  constructor(
    private readonly changes: DeviceChanges,
    private readonly guards: DiskGuards,
    private readonly storages: StorageCheck,
  ) {}

  /** Takes a disk out of the guest; its volume stays as `unusedN`. */
  detach(type: GuestType, nameOrId: string, key: string): ResultAsync<DevicePlan, Failure> {
    return this.changes.plan(type, nameOrId, (target) => {
      const {guest, settings} = target
      const what = `detach ${key}`
      return requireDisk(guest, settings, key).andThen((disk): Result<PlannedChange, Failure> => {
        const planned = {action: 'detach', key, what: `detaching of ${key} of ${guestLabel(guest)}`} as const
        const facts: DeviceFacts = {disk, volume: disk.volume}
        const finish = letGoOf(disk)
        if (disk.unused) return ok({...planned, facts: {...facts, keptAs: key}, commands: [], finish})
        if (disk.pending === 'remove')
          return ok({...planned, facts: {...facts, restartNeeded: true as const}, commands: [], finish})
        return checkUnlocked(target, what, {protection: true})
          .andThen(() => checkKind(guest, disk, what, NOT_DETACHED))
          .map(() => ({
            ...planned,
            facts,
            warnings: bootWarning(target, key),
            commands: [setCommand(guest, {delete: key})],
            send: () => this.changes.change(target, `${what} of ${guestLabel(guest)}`, {delete: key}),
            finish,
          }))
      })
    })
  }

  /** Destroys a disk and everything on it. */
  remove(type: GuestType, nameOrId: string, key: string): ResultAsync<DevicePlan, Failure> {
    return this.changes.plan(type, nameOrId, (target) => {
      const {guest, settings} = target
      const what = `remove ${key}`
      return checkUnlocked(target, what, {protection: true})
        .andThen(() => requireDisk(guest, settings, key))
        .andThen((disk) => checkKind(guest, disk, what, NOT_DETACHED))
        .asyncAndThen((disk) => {
          // A container lets go of a mount point only when it is stopped, and has no way to do both at once.
          const twice = type === 'lxc' && !disk.unused && disk.kind !== 'bind'
          const values = {delete: key, ...(type === 'qemu' && {force: true})}
          return (twice ? this.guards.stopped(guest, what) : okAsync<void, Failure>(undefined))
            .andThen(() => this.guards.notInSnapshots(guest, disk, what))
            .map((): PlannedChange => ({
              action: 'remove',
              key,
              facts: {disk, volume: disk.volume},
              warnings: bootWarning(target, key),
              what: `removal of ${key} of ${guestLabel(guest)}`,
              commands: [setCommand(guest, values), ...(twice ? [setCommand(guest, {delete: 'unusedN'})] : [])],
              send: () => this.changes.change(target, `${what} of ${guestLabel(guest)}`, values),
              finish: (now: DeviceTarget) =>
                (twice ? this.removeUnused(now, disk) : okAsync(now)).andThen((after) => this.removed(after, disk)),
            }))
        })
    })
  }

  /** Gives a disk to another guest of the same type on the same node; its data stays where it is. */
  reassign(
    type: GuestType,
    nameOrId: string,
    key: string,
    other: string,
    slot: string | undefined,
  ): ResultAsync<DevicePlan, Failure> {
    return this.changes.plan(type, nameOrId, (target) => {
      const {guest, settings} = target
      const what = `reassign ${key}`
      return checkUnlocked(target, what, {protection: true})
        .andThen(() => requireDisk(guest, settings, key))
        .andThen((disk) => checkKind(guest, disk, what, NOT_REASSIGNED))
        .asyncAndThen((disk) =>
          this.changes.open(type, other).andThen((receiver) =>
            checkPair(target, receiver, what)
              .andThen(() => placeForReassigned(receiver.guest, receiver.settings, disk, slot))
              .asyncAndThen((place) =>
                (disk.unused ? okAsync<void, Failure>(undefined) : this.guards.stopped(guest, what))
                  .andThen(() => this.guards.notInSnapshots(guest, disk, what))
                  .map(() => place),
              )
              .map((place): PlannedChange => {
                const {name, vmid} = receiver.guest
                const to = {vmid, ...(name !== undefined && {name}), key: place}
                return {
                  action: 'reassign',
                  key,
                  facts: {disk, volume: disk.volume, to},
                  what: `reassignment of ${key} of ${guestLabel(guest)} to ${guestLabel(receiver.guest)}`,
                  commands: [
                    guestCommand(type, type === 'qemu' ? 'disk reassign' : 'move-volume', [guest.vmid, key], {
                      'target-vmid': vmid,
                      [type === 'qemu' ? 'target-disk' : 'target-volume']: place,
                    }),
                  ],
                  send: () =>
                    this.changes.devices.reassign(guest, key, {
                      vmid,
                      key: place,
                      ...(settings.digest !== undefined && {digest: settings.digest}),
                      ...(receiver.settings.digest !== undefined && {targetDigest: receiver.settings.digest}),
                    }),
                  finish: () =>
                    this.changes.read(receiver.guest).map((now): DeviceFacts => {
                      const moved = diskAt(type, now.settings, place)
                      return {volume: disk.volume, to: {...to, ...(moved !== undefined && {volume: moved.volume})}}
                    }),
                }
              }),
          ),
        )
    })
  }

  private removeUnused({guest, settings}: DeviceTarget, disk: GuestDisk): ResultAsync<DeviceTarget, Failure> {
    const kept = diskWithVolume('lxc', settings, disk.volume)
    if (kept === undefined || !kept.unused) return okAsync({guest, settings})
    const what = `remove ${kept.key}, which was ${disk.key}, of ${guestLabel(guest)}`
    return this.changes.change({guest, settings}, what, {delete: kept.key}).andThen(() => this.changes.read(guest))
  }

  /** What is so after a removal: waiting, kept for a snapshot or as somebody else's, or gone. */
  private removed({guest, settings}: DeviceTarget, disk: GuestDisk): ResultAsync<DeviceFacts, Failure> {
    const {key, storage, volume} = disk
    const left = diskAt(guest.type, settings, key)
    if (left !== undefined) return okAsync({disk: left, volume, restartNeeded: true})
    const kept = diskWithVolume(guest.type, settings, volume)
    const facts = {volume, ...(kept !== undefined && {keptAs: kept.key})}
    if (storage === undefined) return okAsync({...facts, destroyed: false})
    return this.storages
      .volumesOf(guest.node, storage, guest.vmid)
      .map((volumes): DeviceFacts => ({...facts, destroyed: volumes.every((one) => one.volume !== volume)}))
      .orElse(() => okAsync(facts))
  }
}

function bootWarning({guest, settings}: DeviceTarget, key: string): string[] {
  return guest.type === 'qemu' && bootDisk(settings.now) === key
    ? [`${guestLabel(guest)} boots from ${key}: without it, it will not start`]
    : []
}

function checkPair(from: DeviceTarget, to: DeviceTarget, what: string): Result<void, Failure> {
  const [giver, receiver] = [from.guest, to.guest]
  if (giver.vmid === receiver.vmid) {
    return err(
      failure('usage', `Cannot ${what}: ${guestLabel(giver)} has it already`, {
        hint: 'Name another guest; to another storage it goes with: disk move',
      }),
    )
  }

  if (giver.node !== receiver.node) {
    return err(
      failure(
        'refused',
        `Cannot ${what}: ${guestLabel(giver)} is on ${giver.node} and ${guestLabel(receiver)} on ${receiver.node}; a disk changes hands on one node only`,
        {
          hint: `Migrate one of them to the other's node first`,
          details: {reason: 'other-node', node: giver.node, otherNode: receiver.node},
        },
      ),
    )
  }

  const template = [giver, receiver].find((guest) => guest.template)
  if (template !== undefined) {
    return err(
      failure('refused', `Cannot ${what}: ${guestLabel(template)} is a template`, {details: {reason: 'is-template'}}),
    )
  }

  return checkUnlocked(to, what)
}

function letGoOf({key, volume}: GuestDisk) {
  return ({guest, settings}: DeviceTarget): ResultAsync<DeviceFacts, Failure> => {
    const left = diskAt(guest.type, settings, key)
    if (left !== undefined) return okAsync({disk: left, volume, restartNeeded: true})
    const kept = diskWithVolume(guest.type, settings, volume)
    return okAsync({volume, ...(kept !== undefined && {keptAs: kept.key})})
  }
}
