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
  readonly freeBytes?: number
}

export interface Volume {
  readonly volume: string
  /** `images`, `rootdir`, `iso`, `import`, …; what Proxmox VE files it under. */
  readonly content: string
  readonly format?: string
  readonly sizeBytes?: number
  /** Whose disk it is. */
  readonly vmid?: number
}

/** The storages of a node and what lies on them: `/nodes/{node}/storage/…`. */
export class NodeStorageRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** Those the caller may audit or use; `GET /nodes/{node}/storage`. */
  list(node: string): ResultAsync<StorageState[], Failure> {
    return ask(
      `list the storages of node ${node}`,
      () => this.connection.api.nodes.$(node).storage.$get(),
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
    freeBytes: asNumber(row.avail),
  }) as StorageState
}

function volumeFrom(row: Fields): Volume {
  return present({
    volume: asText(row.volid) ?? '',
    content: asText(row.content) ?? '',
    format: asText(row.format),
    sizeBytes: asNumber(row.size),
    vmid: asNumber(row.vmid),
  }) as Volume
}
