import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import type {Failure} from '../domain/failure.js'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asText, record, upidText, type Fields} from './reply.js'

/** Where a guest is: what every call on it needs. */
export type GuestRef = Pick<Guest, 'name' | 'node' | 'type' | 'vmid'>

export interface ShutdownOptions {
  /** How long the guest gets; Proxmox's default is 60 s. */
  readonly timeoutSeconds?: number
  /** Pull the plug when the time is up. */
  readonly force?: boolean
}

export interface DeleteOptions {
  /** Also remove it from backup and replication jobs and from HA. */
  readonly purge?: boolean
  /** Also remove disks of this VMID that no configuration names. */
  readonly unreferencedDisks?: boolean
}

export interface CloneOptions {
  readonly newid: number
  readonly name: string
  readonly full: boolean
  /** Of this snapshot instead of what it is now. */
  readonly snapname?: string
  /** Only when it differs from the source's node. */
  readonly target?: string
  readonly storage?: string
  readonly pool?: string
  readonly description?: string
}

/** What VMs and containers have in common: `/nodes/{node}/qemu|lxc/{vmid}`. Each change gives a UPID. */
export class GuestRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** The configuration with pending values merged in; `GET …/config`. */
  config(guest: GuestRef): ResultAsync<Fields, Failure> {
    return ask(`read the configuration of ${guestLabel(guest)}`, () => this.at(guest).config.$get(), record)
  }

  /** `running`, `stopped` or, from `qmpstatus`, `paused` and the like; `GET …/status/current`. */
  status(guest: GuestRef): ResultAsync<string, Failure> {
    return ask(`read the state of ${guestLabel(guest)}`, () => this.at(guest).status.current.$get(), record).map(
      (row) => asText(row.qmpstatus) ?? asText(row.status) ?? 'unknown',
    )
  }

  start(guest: GuestRef): ResultAsync<string, Failure> {
    return ask(`start ${guestLabel(guest)}`, () => this.at(guest).status.start.$post(), upidText)
  }

  stop(guest: GuestRef): ResultAsync<string, Failure> {
    return ask(`stop ${guestLabel(guest)}`, () => this.at(guest).status.stop.$post(), upidText)
  }

  shutdown(guest: GuestRef, options: ShutdownOptions = {}): ResultAsync<string, Failure> {
    const body = {
      ...(options.timeoutSeconds !== undefined && {timeout: options.timeoutSeconds}),
      ...(options.force === true && {forceStop: true}),
    }
    return ask(`shut down ${guestLabel(guest)}`, () => this.at(guest).status.shutdown.$post(body), upidText)
  }

  /** Asks the guest; what is pending in its configuration is applied. */
  reboot(guest: GuestRef, options: ShutdownOptions = {}): ResultAsync<string, Failure> {
    const {timeoutSeconds} = options
    const body = timeoutSeconds === undefined ? {} : {timeout: timeoutSeconds}
    return ask(`reboot ${guestLabel(guest)}`, () => this.at(guest).status.reboot.$post(body), upidText)
  }

  delete(guest: GuestRef, options: DeleteOptions = {}): ResultAsync<string, Failure> {
    const query = {
      ...(options.purge === true && {purge: true}),
      ...(options.unreferencedDisks === true && {'destroy-unreferenced-disks': true}),
    }
    return ask(`delete ${guestLabel(guest)}`, () => this.at(guest).$delete(query), upidText)
  }

  /**
   * `POST …/clone`: the task runs on the source's node under the source's VMID, wherever the copy goes (reference 2.12). A container is
   * locked for the whole run (reference 2.13).
   */
  clone(source: GuestRef, options: CloneOptions): ResultAsync<string, Failure> {
    const body = cloneParameters(source.type, options)
    return ask(
      `clone ${guestLabel(source)} to VMID ${options.newid}`,
      () => this.at(source).clone.$post(body as never),
      upidText,
    )
  }

  /** `POST …/template`: a task for a VM; nothing for a container, though one runs (reference 2.13). */
  convertToTemplate(guest: GuestRef): ResultAsync<string | undefined, Failure> {
    return ask(
      `make a template of ${guestLabel(guest)}`,
      () => this.at(guest).template.$post(),
      z.nullish(upidText),
    ).map((upid) => upid ?? undefined)
  }

  /** Of a VM: `PUT …/config` with `skiplock`, which root@pam may send with a ticket only (reference 2.3); containers have no such call. */
  removeLock(vm: GuestRef): ResultAsync<void, Failure> {
    return ask(
      `unlock ${guestLabel(vm)}`,
      () => this.at(vm).config.$put({delete: 'lock', skiplock: true}),
      z.unknown(),
    ).map(() => undefined)
  }

  /** The typed builder knows both kinds; what is called here has the same parameters in both. */
  private at(guest: GuestRef) {
    const node = this.connection.api.nodes.$(guest.node)
    return guest.type === 'qemu'
      ? node.qemu.$(guest.vmid)
      : (node.lxc.$(guest.vmid) as unknown as ReturnType<typeof node.qemu.$>)
  }
}

/** A clone's parameters as the API names them. */
export function cloneParameters(
  type: GuestType,
  {name, ...options}: CloneOptions,
): Record<string, boolean | number | string> {
  const {newid, ...rest} = options
  return {newid, [type === 'qemu' ? 'name' : 'hostname']: name, ...rest}
}
