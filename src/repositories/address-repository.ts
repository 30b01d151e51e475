import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import type {Failure} from '../domain/failure.js'
import {guestLabel} from '../domain/guest.js'
import type {GuestInterface} from '../domain/guest-address.js'
import type {Connection} from '../proxmox/connection.js'
import {rowsOf} from './agent-answer.js'
import type {GuestRef} from './guest-repository.js'
import {ask, asNumber, asText, record, records, type Fields} from './reply.js'

/** The interfaces that a running guest has now, with their addresses. */
export class AddressRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** What the agent tells; `GET …/agent/network-get-interfaces`. */
  ofVm(vm: GuestRef): ResultAsync<GuestInterface[], Failure> {
    return ask(
      `ask the agent of ${guestLabel(vm)} for its addresses`,
      () => this.connection.api.nodes.$(vm.node).qemu.$(vm.vmid).agent['network-get-interfaces'].$get(),
      record,
    ).map(({result}) => rowsOf(result).map((row) => interfaceFrom(row, addressesOf(row))))
  }

  /** What the node sees in the container; none when it doesn't run. Since 8.1; `GET …/interfaces`. */
  ofContainer(container: GuestRef): ResultAsync<GuestInterface[], Failure> {
    return ask(
      `read the addresses of ${guestLabel(container)}`,
      () => this.connection.api.nodes.$(container.node).lxc.$(container.vmid).interfaces.$get(),
      z.nullish(records),
    ).map((rows) =>
      (rows ?? []).map((row) => {
        // `inet` and `inet6` are one address each; the list, where there is one, has all of them.
        const all = addressesOf(row)
        const single = [asText(row.inet), asText(row.inet6)].filter((address) => address !== undefined)
        return interfaceFrom(row, all.length > 0 ? all : single)
      }),
    )
  }
}

function interfaceFrom(row: Fields, addresses: readonly string[]): GuestInterface {
  const mac = asText(row['hardware-address']) ?? asText(row.hwaddr)
  return {name: asText(row.name) ?? '', ...(mac !== undefined && {mac: mac.toUpperCase()}), addresses}
}

function addressesOf(row: Fields): string[] {
  return rowsOf(row['ip-addresses']).flatMap((entry) => {
    const address = asText(entry['ip-address'])
    const prefix = asNumber(entry.prefix)
    if (address === undefined) return []
    return prefix === undefined ? address : `${address}/${prefix}`
  })
}
