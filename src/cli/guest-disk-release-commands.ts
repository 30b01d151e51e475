import {Args, Flags} from '@oclif/core'
import type {Result} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {guestLabel} from '../domain/guest.js'
import type {DevicePlan} from '../services/device-changes.js'
import {DeviceChangeCommand, deviceFlags, diskArg, guestArg, type DeviceFlags} from './device-change-command.js'
import {confirmFlags} from './flags.js'
import {diskText} from './output/device-change.js'
import {diskReleaseService} from './wiring/devices.js'

interface DiskArgs {
  readonly name: string
  readonly disk: string
}

/** A disk less for the guest; its volume stays. */
export abstract class GuestDiskDetachCommand extends DeviceChangeCommand<DiskArgs> {
  static override args = {name: guestArg, disk: diskArg}
  static override flags = deviceFlags

  protected plan({disk, name}: DiskArgs): PromiseLike<Result<DevicePlan, Failure>> {
    return this.use(diskReleaseService).then((disks) => disks.detach(this.guestType, name, disk))
  }
}

/** A disk and its data less; always asks. */
export abstract class GuestDiskRemoveCommand extends DeviceChangeCommand<DiskArgs> {
  static override args = {name: guestArg, disk: diskArg}
  static override flags = {...deviceFlags, ...confirmFlags}

  protected plan({disk, name}: DiskArgs): PromiseLike<Result<DevicePlan, Failure>> {
    return this.use(diskReleaseService).then((disks) => disks.remove(this.guestType, name, disk))
  }

  protected override question({facts, guest, key}: DevicePlan): string {
    const what = facts.disk === undefined ? key : `${key} (${diskText(facts.disk)})`
    return `Destroy ${what} of ${guestLabel(guest)} and everything on it?`
  }
}

/** A disk for another guest. */
export abstract class GuestDiskReassignCommand extends DeviceChangeCommand<
  DiskArgs & {readonly other: string},
  DeviceFlags & {readonly slot?: string}
> {
  static override args = {
    name: guestArg,
    disk: diskArg,
    other: Args.string({description: 'Name or VMID of the guest that gets it.', required: true}),
  }
  static override flags = {
    ...deviceFlags,
    slot: Flags.string({
      description: 'Its place there; by default the next free one of the same kind, and an unused disk stays unused.',
      helpValue: 'KEY',
    }),
  }

  protected plan(
    {disk, name, other}: DiskArgs & {readonly other: string},
    {slot}: {readonly slot?: string},
  ): PromiseLike<Result<DevicePlan, Failure>> {
    return this.use(diskReleaseService).then((disks) => disks.reassign(this.guestType, name, disk, other, slot))
  }
}
