import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {GuestDisk} from '../domain/guest-disks.js'
import {guestNoun, type GuestType} from '../domain/guest.js'
import {guestArg} from './device-change-command.js'
import {ListCommand} from './list-command.js'
import type {Column} from './output/columns.js'
import {optionsText} from './output/device-change.js'
import {asBytes} from './output/human.js'
import {diskService} from './wiring/devices.js'

const columns: readonly Column<GuestDisk>[] = [
  {key: 'key'},
  {key: 'kind'},
  {key: 'volume'},
  {key: 'storage', default: false},
  {key: 'sizeBytes', header: 'SIZE', format: asBytes, align: 'right'},
  {key: 'format'},
  {key: 'mountPath', header: 'MOUNTED AT'},
  {key: 'options', format: (_value, {options}) => optionsText(options)},
  {key: 'pending'},
  {key: 'unused', default: false},
]

/** `disk list`: one request, and one per storage of unused disks. */
export abstract class GuestDiskListCommand extends ListCommand<GuestDisk, unknown, {readonly name: string}> {
  static override args = {name: guestArg}

  protected abstract readonly guestType: GuestType

  /** Only containers have paths. */
  protected get columns(): readonly Column<GuestDisk>[] {
    return this.guestType === 'lxc' ? columns : columns.filter(({key}) => key !== 'mountPath')
  }

  protected get noun(): string {
    return `disks of that ${guestNoun(this.guestType)}`
  }

  protected fetch(
    _flags: unknown,
    {name}: {readonly name: string},
  ): PromiseLike<Awaited<ResultAsync<GuestDisk[], Failure>>> {
    return this.use(diskService).then((disks) => disks.list(this.guestType, name))
  }
}
