import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {guestLabel} from '../domain/guest.js'
import {CURRENT, oldestFirst, readDescription, type Snapshot, type SnapshotSet} from '../domain/snapshot.js'
import type {StorageRule} from '../domain/snapshot-limits.js'
import type {Connection} from '../proxmox/connection.js'
import type {GuestRef} from './guest-repository.js'
import {ask, asFlag, asNumber, asText, present, record, records, upidText, type Fields} from './reply.js'

export interface NewSnapshot {
  readonly name: string
  readonly description?: string
  /** The memory too; VMs only. */
  readonly ram?: boolean
}

/** `/nodes/{node}/qemu|lxc/{vmid}/snapshot`, and what decides whether there can be any. Each change gives a UPID. */
export class SnapshotRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** `GET …/snapshot`, which lists what the guest is now as if it were one of them. */
  list(guest: GuestRef): ResultAsync<SnapshotSet, Failure> {
    return ask(`list the snapshots of ${guestLabel(guest)}`, () => this.at(guest).snapshot.$get(), records).map(
      (rows) => {
        const now = rows.find(({name}) => name === CURRENT)
        const parent = asText(now?.['parent'])
        return {
          snapshots: oldestFirst(rows.flatMap((row) => (row === now ? [] : snapshotFrom(row)))),
          ...(parent !== undefined && {parent}),
          running: asFlag(now?.['running']),
        }
      },
    )
  }

  /** The configuration that a snapshot holds, with its own facts; `GET …/snapshot/{name}/config`. */
  config(guest: GuestRef, name: string): ResultAsync<Fields, Failure> {
    return ask(
      `read the snapshot ${name} of ${guestLabel(guest)}`,
      () => this.at(guest).snapshot.$(name).config.$get(),
      record,
    )
  }

  /** Whether all disks of a guest can have snapshots, as the server sees it; `GET …/feature?feature=snapshot`. */
  possible(guest: GuestRef): ResultAsync<boolean, Failure> {
    return ask(
      `ask whether ${guestLabel(guest)} can have snapshots`,
      () => this.at(guest).feature.$get({feature: 'snapshot'}),
      record,
    ).map((row) => asFlag(row.hasFeature))
  }

  create(guest: GuestRef, {name, description, ram}: NewSnapshot): ResultAsync<string, Failure> {
    const body = {
      snapname: name,
      ...(description !== undefined && {description}),
      ...(ram === true && {vmstate: true}),
    }
    return ask(`take the snapshot ${name} of ${guestLabel(guest)}`, () => this.at(guest).snapshot.$post(body), upidText)
  }

  /** @param start run it afterwards; with memory in the snapshot it does so anyway */
  rollback(guest: GuestRef, name: string, start: boolean): ResultAsync<string, Failure> {
    return ask(
      `roll ${guestLabel(guest)} back to ${name}`,
      () =>
        this.at(guest)
          .snapshot.$(name)
          .rollback.$post(start ? {start: true} : {}),
      upidText,
    )
  }

  /** @param force out of the configuration even where the storage does not let go of it */
  delete(guest: GuestRef, name: string, force: boolean): ResultAsync<string, Failure> {
    return ask(
      `delete the snapshot ${name} of ${guestLabel(guest)}`,
      () =>
        this.at(guest)
          .snapshot.$(name)
          .$delete(force ? {force: true} : {}),
      upidText,
    )
  }

  /** Of the storages whose configuration the caller may see; `GET /storage`. */
  storageRules(): ResultAsync<ReadonlyMap<string, StorageRule>, Failure> {
    return ask('list the storages', () => this.connection.api.storage.$get(), records).map(
      (rows) =>
        new Map(
          rows.map((row) => {
            const storage = asText(row.storage) ?? ''
            return [
              storage,
              {storage, type: asText(row.type) ?? '', volumeChain: asFlag(row['snapshot-as-volume-chain'])},
            ]
          }),
        ),
    )
  }

  /** The typed builder knows both kinds; what is called here has the same parameters in both, but for `vmstate`. */
  private at(guest: GuestRef) {
    const node = this.connection.api.nodes.$(guest.node)
    return guest.type === 'qemu'
      ? node.qemu.$(guest.vmid)
      : (node.lxc.$(guest.vmid) as unknown as ReturnType<typeof node.qemu.$>)
  }
}

function snapshotFrom(row: Fields): Snapshot {
  const time = asNumber(row.snaptime)
  return {
    ...present({
      name: asText(row.name) ?? '',
      parent: asText(row.parent),
      createdAt: time === undefined ? undefined : new Date(time * 1000).toISOString(),
      snapState: asText(row.snapstate),
    }),
    ...readDescription(asText(row.description)),
    ram: asFlag(row.vmstate),
  } as Snapshot
}
