import {Args, Flags} from '@oclif/core'
import type {Result} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {DevicePlan} from '../services/device-changes.js'
import {DeviceChangeCommand, deviceFlags, diskArg, guestArg, type DeviceFlags} from './device-change-command.js'
import {overcommitFlag} from './guest-disk-place-command.js'
import {diskService} from './wiring/devices.js'

export const moveFlags = {
  ...deviceFlags,
  ...overcommitFlag,
  'delete-source': Flags.boolean({
    description: 'Destroy the old volume; without it, it stays with the guest as unusedN.',
  }),
}

interface MoveArgs {
  readonly name: string
  readonly disk: string
  readonly storage: string
}

interface MoveFlags extends DeviceFlags {
  readonly overcommit: boolean
  readonly 'delete-source': boolean
  readonly format?: string
}

/** A disk on another storage. */
export abstract class GuestDiskMoveCommand extends DeviceChangeCommand<MoveArgs, MoveFlags> {
  static override args = {
    name: guestArg,
    disk: diskArg,
    storage: Args.string({description: 'The storage it goes to.', required: true}),
  }

  protected plan({disk, name, storage}: MoveArgs, flags: MoveFlags): PromiseLike<Result<DevicePlan, Failure>> {
    const {format, overcommit} = flags
    const move = {storage, deleteSource: flags['delete-source'], overcommit, ...(format !== undefined && {format})}
    return this.use(diskService).then((disks) => disks.move(this.guestType, name, disk, move))
  }
}
