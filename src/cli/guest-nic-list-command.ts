import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {GuestNic} from '../domain/guest-nics.js'
import {guestNoun, type GuestType} from '../domain/guest.js'
import {guestArg} from './device-change-command.js'
import {ListCommand} from './list-command.js'
import type {Column} from './output/columns.js'
import {nicService} from './wiring/devices.js'

const yes = (value: unknown): string => (value === true ? 'yes' : '')

const columns: readonly (Column<GuestNic> & {readonly only?: GuestType})[] = [
  {key: 'key'},
  {key: 'model', only: 'qemu'},
  {key: 'interface', only: 'lxc'},
  {key: 'mac', header: 'MAC'},
  {key: 'bridge'},
  {key: 'vlan', header: 'VLAN', align: 'right'},
  {key: 'ip', header: 'IP', only: 'lxc'},
  {key: 'gateway', only: 'lxc', default: false},
  {key: 'ip6', header: 'IP6', only: 'lxc'},
  {key: 'gateway6', only: 'lxc', default: false},
  {key: 'firewall', format: yes},
  {key: 'linkDown', header: 'LINK DOWN', format: yes},
  {key: 'rateMegabytesPerSecond', header: 'MB/S', align: 'right', default: false},
  {key: 'mtu', header: 'MTU', align: 'right', default: false},
  {key: 'queues', only: 'qemu', align: 'right', default: false},
  {key: 'trunks', default: false},
  {key: 'pending'},
]

/** `nic list`: one request. */
export abstract class GuestNicListCommand extends ListCommand<GuestNic, unknown, {readonly name: string}> {
  static override args = {name: guestArg}

  protected abstract readonly guestType: GuestType

  protected get columns(): readonly Column<GuestNic>[] {
    return columns.filter(({only}) => only === undefined || only === this.guestType)
  }

  protected get noun(): string {
    return `NICs of that ${guestNoun(this.guestType)}`
  }

  protected fetch(
    _flags: unknown,
    {name}: {readonly name: string},
  ): PromiseLike<Awaited<ResultAsync<GuestNic[], Failure>>> {
    return this.use(nicService).then((nics) => nics.list(this.guestType, name))
  }
}
