import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import type {Failure} from '../domain/failure.js'
import {guestLabel} from '../domain/guest.js'
import type {Secret} from '../domain/secret.js'
import type {Connection} from '../proxmox/connection.js'
import type {GuestRef} from './guest-repository.js'
import {ask, asNumber, asText, record, records, upidText, type Fields} from './reply.js'

/** Which configuration: what the guest has now instead of what it will have after its next start, or what it had at a snapshot. */
export interface ConfigView {
  readonly current?: boolean
  readonly snapshot?: string
}

/** One key of `GET …/pending`; values as Proxmox writes them. */
export interface PendingField {
  readonly key: string
  /** What it is now. */
  readonly value?: unknown
  /** What it will be after the next start, where that differs. */
  readonly pending?: unknown
  /** It will be gone then. */
  readonly deleted: boolean
}

/** Values as they are sent (`wireValue`); secrets leave their wrapping here only. */
export interface ConfigUpdate {
  readonly set: Readonly<Record<string, string>>
  readonly secrets?: Readonly<Record<string, Secret>>
  readonly delete: readonly string[]
  readonly revert: readonly string[]
  /** Of the configuration that the change was made for: another one is refused (reference 2.9). */
  readonly digest?: string
}

export type CloudInitPart = 'meta' | 'network' | 'user'

/** `GET|PUT|POST /nodes/{node}/qemu|lxc/{vmid}/config`, what is pending in it, and the cloud-init drive made from it. */
export class ConfigRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  read(guest: GuestRef, {current, snapshot}: ConfigView = {}): ResultAsync<Fields, Failure> {
    const query = {...(current === true && {current: true}), ...(snapshot !== undefined && {snapshot})}
    return ask(`read the configuration of ${guestLabel(guest)}`, () => this.at(guest).config.$get(query), record)
  }

  pending(guest: GuestRef): ResultAsync<PendingField[], Failure> {
    return ask(`read the pending changes of ${guestLabel(guest)}`, () => this.at(guest).pending.$get(), records).map(
      pendingFields,
    )
  }

  /** At once, `PUT`: done when it returns. */
  update(guest: GuestRef, update: ConfigUpdate): ResultAsync<void, Failure> {
    return ask(
      `configure ${guestLabel(guest)}`,
      () => this.at(guest).config.$put(bodyOf(update) as never),
      z.unknown(),
    ).map(() => undefined)
  }

  /** In a task, `POST`; for VMs only. Undefined where the server was done at once. */
  updateInTask(vm: GuestRef, update: ConfigUpdate): ResultAsync<string | undefined, Failure> {
    return ask(
      `configure ${guestLabel(vm)}`,
      () => this.at(vm).config.$post(bodyOf(update) as never),
      z.nullish(upidText),
    ).map((upid) => upid ?? undefined)
  }

  /** What is on a VM's cloud-init drive, and what will be once it is made anew; the addresses are not told. */
  cloudInit(vm: GuestRef): ResultAsync<PendingField[], Failure> {
    return ask(`read the cloud-init values of ${guestLabel(vm)}`, () => this.at(vm).cloudinit.$get(), records).map(
      pendingFields,
    )
  }

  /** Makes the cloud-init drive anew from the configuration. */
  regenerate(vm: GuestRef): ResultAsync<void, Failure> {
    return ask(
      `make the cloud-init drive of ${guestLabel(vm)} anew`,
      () => this.at(vm).cloudinit.$put(),
      z.unknown(),
    ).map(() => undefined)
  }

  /** A file of the cloud-init drive as the configuration would make it. */
  dump(vm: GuestRef, type: CloudInitPart): ResultAsync<string, Failure> {
    return ask(
      `read the cloud-init data of ${guestLabel(vm)}`,
      () => this.at(vm).cloudinit.dump.$get({type}),
      z.nullish(z.string()),
    ).map((text) => text ?? '')
  }

  /** The typed builder knows both kinds; the cloud-init calls are VMs' alone. */
  private at(guest: GuestRef) {
    const node = this.connection.api.nodes.$(guest.node)
    return guest.type === 'qemu'
      ? node.qemu.$(guest.vmid)
      : (node.lxc.$(guest.vmid) as unknown as ReturnType<typeof node.qemu.$>)
  }
}

function bodyOf({set, secrets = {}, delete: deleted, revert, digest}: ConfigUpdate): Record<string, string> {
  return {
    ...set,
    ...Object.fromEntries(Object.entries(secrets).map(([key, secret]) => [key, secret.reveal()])),
    ...(deleted.length > 0 && {delete: deleted.join(',')}),
    ...(revert.length > 0 && {revert: revert.join(',')}),
    ...(digest !== undefined && {digest}),
  }
}

function pendingFields(rows: readonly Fields[]): PendingField[] {
  return rows.map((row) => ({
    key: asText(row.key) ?? '',
    ...(row.value !== undefined && row.value !== null && {value: row.value}),
    ...(row.pending !== undefined && row.pending !== null && {pending: row.pending}),
    deleted: (asNumber(row.delete) ?? 0) > 0,
  }))
}
