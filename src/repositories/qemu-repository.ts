import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import type {Failure} from '../domain/failure.js'
import {guestLabel} from '../domain/guest.js'
import type {Connection} from '../proxmox/connection.js'
import type {GuestRef} from './guest-repository.js'
import {revealed, type GuestParameters} from './new-guest-repository.js'
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

  /** `POST …/config`: a task, or nothing where the server was done at once. */
  setConfig(vm: GuestRef, values: GuestParameters): ResultAsync<string | undefined, Failure> {
    return ask(
      `configure ${guestLabel(vm)}`,
      () => this.vm(vm).config.$post(revealed(values) as Parameters<ReturnType<typeof this.vm>['config']['$post']>[0]),
      z.nullish(upidText),
    ).map((upid) => upid ?? undefined)
  }

  /** `PUT …/resize` to a size in bytes; it only grows. A task since 8.x, nothing in 7.4. */
  resize(vm: GuestRef, disk: string, bytes: number): ResultAsync<string | undefined, Failure> {
    // Proxmox takes whole K, M, G or T; K is the finest that divides what people ask for.
    const size = bytes % 2 ** 30 === 0 ? `${bytes / 2 ** 30}G` : `${Math.ceil(bytes / 2 ** 10)}K`
    return ask(
      `resize ${disk} of ${guestLabel(vm)}`,
      () => this.vm(vm).resize.$put({disk, size} as Parameters<ReturnType<typeof this.vm>['resize']['$put']>[0]),
      z.nullish(upidText),
    ).map((upid) => upid ?? undefined)
  }

  private vm(vm: Pick<GuestRef, 'node' | 'vmid'>) {
    return this.connection.api.nodes.$(vm.node).qemu.$(vm.vmid)
  }
}
