import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {guestLabel} from '../domain/guest.js'
import type {Connection} from '../proxmox/connection.js'
import type {GuestRef} from './guest-repository.js'
import {ask, upidText} from './reply.js'

/** What only VMs have: `/nodes/{node}/qemu/…`. */
export class QemuRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  reset(vm: GuestRef): ResultAsync<string, Failure> {
    return ask(`reset ${guestLabel(vm)}`, () => this.vm(vm).status.reset.$post(), upidText)
  }

  /** @param toDisk saves the memory and stops, instead of pausing */
  suspend(vm: GuestRef, toDisk: boolean): ResultAsync<string, Failure> {
    const body = toDisk ? {todisk: true} : {}
    return ask(`suspend ${guestLabel(vm)}`, () => this.vm(vm).status.suspend.$post(body), upidText)
  }

  resume(vm: GuestRef): ResultAsync<string, Failure> {
    return ask(`resume ${guestLabel(vm)}`, () => this.vm(vm).status.resume.$post(), upidText)
  }

  private vm(vm: Pick<GuestRef, 'node' | 'vmid'>) {
    return this.connection.api.nodes.$(vm.node).qemu.$(vm.vmid)
  }
}
