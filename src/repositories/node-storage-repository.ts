import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asFlag, asNumber, asText, present, records, type Fields} from './reply.js'

/** A storage as a node has it now. */
export interface StorageState {
  readonly storage: string
  readonly type: string
  readonly content: readonly string[]
  readonly enabled: boolean
  /** Mounted, or reachable. */
  readonly active: boolean
  readonly shared: boolean
  readonly totalBytes?: number
  readonly usedBytes?: number
  /** What can be written yet: less than the rest of `totalBytes` where a file system keeps some back. */
  readonly freeBytes?: number
}

export interface Volume {
  readonly volume: string
  /** `images`, `rootdir`, `iso`, `import`, …; what Proxmox VE files it under. */
  readonly content: string
  readonly format?: string
  readonly sizeBytes?: number
  /** Bytes it takes up, where the storage knows: directories do, LVM, ZFS and backup servers do not. */
  readonly usedBytes?: number
  /** Whose disk or backup it is. */
  readonly vmid?: number
  /** Of a backup: what kind of guest it is of. */
  readonly guestType?: 'lxc' | 'qemu'
  /** ISO 8601 UTC. */
  readonly createdAt?: string
  /** The volume that a linked clone was made from. */
  readonly parent?: string
  readonly notes?: string
  /** Of a backup: kept from being removed; absent where it is not. */
  readonly protected?: true
  /** Of a backup on a backup server: `ok`, `failed`, …, as it was verified last. */
  readonly verification?: string
  readonly encrypted?: true
}

/** The storages of a node and what lies on them: `/nodes/{node}/storage/…`. */
export class NodeStorageRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /**
   * Those the caller may audit or use; `GET /nodes/{node}/storage`. The node tries to activate those that are not.
   * @param filter of one storage only: the others are not looked at
   */
  list(node: string, filter: {readonly storage?: string} = {}): ResultAsync<StorageState[], Failure> {
    return ask(
      filter.storage === undefined
        ? `list the storages of node ${node}`
        : `read the state of storage ${filter.storage} on node ${node}`,
      () => this.connection.api.nodes.$(node).storage.$get(present({...filter})),
      records,
    ).map((rows) => rows.map((row) => stateFrom(row)))
  }

  /** `GET …/{storage}/content`, needs Datastore.Audit or Datastore.AllocateSpace on it. */
  volumes(
    node: string,
    storage: string,
    filter: {readonly vmid?: number; readonly content?: string} = {},
  ): ResultAsync<Volume[], Failure> {
    return ask(
      `list the volumes of storage ${storage} on node ${node}`,
      () =>
        this.connection.api.nodes
          .$(node)
          .storage.$(storage)
          .content.$get(present({...filter})),
      records,
    ).map((rows) => rows.map((row) => volumeFrom(row)))
  }
}

function stateFrom(row: Fields): StorageState {
  return present({
    storage: asText(row.storage) ?? '',
    type: asText(row.type) ?? '',
    content: (asText(row.content) ?? '').split(',').filter((kind) => kind !== ''),
    // Left out by some releases for what is enabled anyway.
    enabled: row.enabled === undefined || asFlag(row.enabled),
    active: row.active === undefined || asFlag(row.active),
    shared: asFlag(row.shared),
    totalBytes: asNumber(row.total),
    usedBytes: asNumber(row.used),
    freeBytes: asNumber(row.avail),
  }) as StorageState
}

function volumeFrom(row: Fields): Volume {
  return present({
    volume: asText(row.volid) ?? '',
    content: asText(row.content) ?? '',
    format: asText(row.format),
    sizeBytes: asNumber(row.size),
    usedBytes: asNumber(row.used),
    vmid: asNumber(row.vmid),
    guestType: row.subtype === 'qemu' || row.subtype === 'lxc' ? row.subtype : undefined,
    createdAt: timeFrom(row.ctime),
    parent: asText(row.parent),
    notes: asText(row.notes),
    protected: asFlag(row.protected) || undefined,
    verification: verificationFrom(row.verification),
    // The fingerprint of the key, or 1.
    encrypted: asText(row.encrypted) === undefined || row.encrypted === 0 ? undefined : true,
  }) as Volume
}

/** Seconds since 1970; some storages say 0 where they know nothing. */
function timeFrom(value: unknown): string | undefined {
  const seconds = asNumber(value)
  return seconds === undefined || seconds <= 0 ? undefined : new Date(seconds * 1000).toISOString()
}

function verificationFrom(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null ? asText((value as Fields).state) : undefined
}
