import type {GuestOptions} from '../domain/guest-options.js'
import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {guestLabel, type GuestType} from '../domain/guest.js'
import {Secret} from '../domain/secret.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, upidText} from './reply.js'

/** As they are sent; secrets leave their wrapping here only. */
export function revealed(parameters: GuestOptions): Record<string, boolean | number | string> {
  return Object.fromEntries(
    Object.entries(parameters).map(([key, value]) => [key, value instanceof Secret ? value.reveal() : value]),
  )
}

/** Making guests from nothing: `POST /nodes/{node}/qemu` and `POST /nodes/{node}/lxc`. */
export class NewGuestRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** The task is `qmcreate` or `vzcreate`, on that node; when it fails, Proxmox VE removes what it made (reference 2.12, 2.13). */
  create(
    type: GuestType,
    node: string,
    vmid: number,
    name: string,
    parameters: GuestOptions,
  ): ResultAsync<string, Failure> {
    const at = this.connection.api.nodes.$(node)
    const body = revealed(parameters)
    return ask(
      `create ${guestLabel({type, vmid, name})}`,
      // The builder's types know of four disks and NICs; Proxmox VE takes up to thirty-two.
      () => (type === 'qemu' ? at.qemu.$post({vmid, ...body}) : at.lxc.$post({vmid, ...body} as never)),
      upidText,
    )
  }
}
