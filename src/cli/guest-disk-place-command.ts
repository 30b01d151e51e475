import {Args, Flags} from '@oclif/core'
import type {Result} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {WantedDisk} from '../domain/wanted-disk.js'
import type {DevicePlan} from '../services/device-changes.js'
import {DeviceChangeCommand, deviceFlags, guestArg, type DeviceFlags} from './device-change-command.js'
import {diskPlaceService} from './wiring/devices.js'

export const overcommitFlag = {
  overcommit: Flags.boolean({
    description: 'Let a thin storage promise more than it has left. One that runs full stops every guest on it.',
  }),
}

export const vmPlaceFlags = {
  ...deviceFlags,
  bus: Flags.option({
    description: "The bus it goes to, at the next free place; by default that of the VM's other disks.",
    exclusive: ['slot'],
    options: ['scsi', 'virtio', 'sata', 'ide'] as const,
  })(),
  slot: Flags.string({description: 'The very place: scsi3.', helpValue: 'KEY'}),
}

export const containerPlaceFlags = {
  ...deviceFlags,
  mount: Flags.string({description: 'Where in the container it is mounted.', helpValue: 'PATH'}),
  slot: Flags.string({description: 'The very mount point: mp3; by default the next free one.', helpValue: 'mpN'}),
}

export const storageFlag = {
  storage: Flags.string({
    description: "The storage it goes to; by default that of the guest's first disk.",
    helpValue: 'STORAGE',
  }),
}

interface PlaceFlags extends DeviceFlags {
  readonly bus?: string
  readonly slot?: string
  readonly mount?: string
  readonly storage?: string
  readonly overcommit?: boolean
  readonly 'working-storage'?: string
}

/** `disk add`, `disk attach` and `disk import`: a disk more for a guest. */
export abstract class GuestDiskPlaceCommand extends DeviceChangeCommand<{name: string; disk: string}, PlaceFlags> {
  static override baseFlags = DeviceChangeCommand.baseFlags

  protected abstract readonly action: WantedDisk['action']

  protected plan(
    {disk, name}: {name: string; disk: string},
    flags: PlaceFlags,
  ): PromiseLike<Result<DevicePlan, Failure>> {
    const {bus, mount, storage, 'working-storage': workingStorage} = flags
    const slot = flags.slot ?? bus
    const wanted = {
      text: disk,
      action: this.action,
      ...(slot !== undefined && {slot}),
      ...(mount !== undefined && {mount}),
      ...(storage !== undefined && {storage}),
      overcommit: flags.overcommit === true,
      ...(workingStorage !== undefined && {workingStorage}),
    }
    return this.use(diskPlaceService).then((service) => service.place(this.guestType, name, wanted))
  }
}

/** A new, empty volume. */
export abstract class GuestDiskAddCommand extends GuestDiskPlaceCommand {
  static override args = {
    name: guestArg,
    disk: Args.string({
      description: 'STORAGE:SIZE, with options after commas: local-lvm:32GiB,backup. A number without unit is GiB.',
      required: true,
    }),
  }

  protected readonly action = 'add'
}

/** A volume that exists. */
export abstract class GuestDiskAttachCommand extends GuestDiskPlaceCommand {
  static override args = {
    name: guestArg,
    disk: Args.string({
      description: 'The volume, or the unused disk, with options after commas: local-lvm:vm-101-disk-1,ssd or unused0.',
      required: true,
    }),
  }

  protected readonly action = 'attach'
}
