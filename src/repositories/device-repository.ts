import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import type {Failure} from '../domain/failure.js'
import {guestLabel} from '../domain/guest.js'
import type {GuestOptions} from '../domain/guest-options.js'
import type {GuestSettings} from '../domain/guest-settings.js'
import type {Connection} from '../proxmox/connection.js'
import type {GuestRef} from './guest-repository.js'
import {revealed} from './new-guest-repository.js'
import {ask, asNumber, asText, record, records, upidText, type Fields} from './reply.js'

/** Options to set, and what goes along with them: `delete`, `force`. */
export type SettingValues = Readonly<Record<string, boolean | number | string>>

export interface MoveOptions {
  readonly storage: string
  /** Destroy the old volume; without it, it stays as `unusedN`. */
  readonly deleteSource: boolean
  /** VMs only. */
  readonly format?: string
  readonly digest?: string
}

export interface ReassignOptions {
  readonly vmid: number
  readonly key: string
  readonly digest?: string
  readonly targetDigest?: string
}

/** The disks and NICs of VMs and containers, and the configuration they stand in. */
export class DeviceRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** What the configuration holds now and what waits for the next start, in one request; `GET …/pending`. */
  settings(guest: GuestRef): ResultAsync<GuestSettings, Failure> {
    return ask(`read the configuration of ${guestLabel(guest)}`, () => this.at(guest).pending.$get(), records).map(
      settingsFrom,
    )
  }

  /**
   * Changes options: a task for a VM (`POST …/config`), which may take its time over a disk, and at once for a container (`PUT …/config`), which
   * knows no other way (reference 2.12, 2.13).
   * @param what for the failure's message: `add scsi1 to web (VM 101)`
   * @returns the task's UPID; undefined when it is done already
   */
  change(
    guest: GuestRef,
    what: string,
    values: GuestOptions,
    digest: string | undefined,
  ): ResultAsync<string | undefined, Failure> {
    const params = {...revealed(values), ...(digest !== undefined && {digest})} as Record<string, never>
    const {qemu, lxc} = this.on(guest)
    return ask(
      what,
      () => (guest.type === 'qemu' ? qemu.config.$post(params) : lxc.config.$put(params)),
      z.nullish(upidText),
    ).map((upid) => upid ?? undefined)
  }

  /**
   * `PUT …/resize`. A task, but nothing for a VM of release 7.4.
   * @param size as Proxmox VE writes it: `40G`
   */
  resize(
    guest: GuestRef,
    disk: string,
    size: string,
    digest: string | undefined,
  ): ResultAsync<string | undefined, Failure> {
    const params = {disk, size, ...(digest !== undefined && {digest})} as never
    const {qemu, lxc} = this.on(guest)
    return ask(
      `resize ${disk} of ${guestLabel(guest)}`,
      () => (guest.type === 'qemu' ? qemu.resize.$put(params) : lxc.resize.$put(params)),
      z.nullish(upidText),
    ).map((upid) => upid ?? undefined)
  }

  /** To another storage, or into another format; `POST …/move_disk` for VMs, `POST …/move_volume` for containers. */
  move(guest: GuestRef, disk: string, options: MoveOptions): ResultAsync<string, Failure> {
    const {deleteSource, digest, format, storage} = options
    return this.sendMove(guest, `move ${disk} of ${guestLabel(guest)} to ${storage}`, {
      [volumeParameter(guest)]: disk,
      storage,
      ...(deleteSource && {delete: true}),
      ...(format !== undefined && {format}),
      ...(digest !== undefined && {digest}),
    })
  }

  /** To another guest of the same type on the same node; the same two calls. */
  reassign(guest: GuestRef, disk: string, target: ReassignOptions): ResultAsync<string, Failure> {
    return this.sendMove(guest, `give ${disk} of ${guestLabel(guest)} to ${target.vmid}`, {
      [volumeParameter(guest)]: disk,
      'target-vmid': target.vmid,
      [guest.type === 'qemu' ? 'target-disk' : 'target-volume']: target.key,
      ...(target.digest !== undefined && {digest: target.digest}),
      ...(target.targetDigest !== undefined && {'target-digest': target.targetDigest}),
    })
  }

  /** Names of the guest's snapshots; `GET …/snapshot`. */
  snapshots(guest: GuestRef): ResultAsync<string[], Failure> {
    return ask(`list the snapshots of ${guestLabel(guest)}`, () => this.at(guest).snapshot.$get(), records).map(
      (rows) => rows.map((row) => asText(row.name) ?? '').filter((name) => name !== '' && name !== 'current'),
    )
  }

  /** `GET …/config?snapshot=` */
  snapshotConfig(guest: GuestRef, snapshot: string): ResultAsync<Fields, Failure> {
    return ask(
      `read the snapshot ${snapshot} of ${guestLabel(guest)}`,
      () => this.at(guest).config.$get({snapshot}),
      record,
    )
  }

  private sendMove(guest: GuestRef, what: string, params: SettingValues): ResultAsync<string, Failure> {
    const {qemu, lxc} = this.on(guest)
    return ask(
      what,
      () => (guest.type === 'qemu' ? qemu.move_disk.$post(params as never) : lxc.move_volume.$post(params as never)),
      upidText,
    )
  }

  private on({node, vmid}: GuestRef) {
    const {lxc, qemu} = this.connection.api.nodes.$(node)
    return {qemu: qemu.$(vmid), lxc: lxc.$(vmid)}
  }

  /** For calls whose parameters are the same for both kinds. */
  private at(guest: GuestRef) {
    const {lxc, qemu} = this.on(guest)
    return guest.type === 'qemu' ? qemu : (lxc as unknown as typeof qemu)
  }
}

function volumeParameter({type}: GuestRef): string {
  return type === 'qemu' ? 'disk' : 'volume'
}

/** An entry has `value`, `pending` or both, and `delete` when it waits to be removed. */
function settingsFrom(rows: readonly Fields[]): GuestSettings {
  const now: Record<string, string> = {}
  const next: Record<string, string> = {}
  let digest: string | undefined
  for (const row of rows) {
    const key = asText(row.key) ?? ''
    const value = asText(row.value)
    if (key === 'digest') {
      digest = value
      continue
    }

    if (value !== undefined) now[key] = value
    const after = asText(row.pending) ?? ((asNumber(row.delete) ?? 0) > 0 ? undefined : value)
    if (after !== undefined) next[key] = after
  }

  return {...(digest !== undefined && {digest}), now, next}
}
