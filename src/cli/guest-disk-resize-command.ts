import {Args} from '@oclif/core'
import type {Result} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {DevicePlan} from '../services/device-changes.js'
import {DeviceChangeCommand, deviceFlags, diskArg, guestArg, type DeviceFlags} from './device-change-command.js'
import {overcommitFlag} from './guest-disk-place-command.js'
import {diskService} from './wiring/devices.js'

interface ResizeArgs {
  readonly name: string
  readonly disk: string
  readonly size: string
}

/** A larger disk; never a smaller one. */
export abstract class GuestDiskResizeCommand extends DeviceChangeCommand<
  ResizeArgs,
  DeviceFlags & {readonly overcommit: boolean}
> {
  static override args = {
    name: guestArg,
    disk: diskArg,
    size: Args.string({description: 'What is added, with a plus, or the size it is to have.', required: true}),
  }
  static override flags = {...deviceFlags, ...overcommitFlag}

  protected plan(
    {disk, name, size}: ResizeArgs,
    {overcommit}: {readonly overcommit: boolean},
  ): PromiseLike<Result<DevicePlan, Failure>> {
    return this.use(diskService).then((disks) => disks.resize(this.guestType, name, disk, size, overcommit))
  }
}
