import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import type {Failure} from '../domain/failure.js'
import {formatPropertyString} from '../domain/property-string.js'
import {Secret} from '../domain/secret.js'
import type {StorageDefinition, StorageOptions} from '../domain/storage-definition.js'
import {SHARED_TYPES} from '../domain/storage-types.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asFlag, asText, present, records, type Fields} from './reply.js'

/** What a request sets: the API's parameters by their names. */
export type StorageParameters = Readonly<Record<string, Secret | boolean | number | string>>

/** Fields of a definition that are no options of its type. */
const OWN: ReadonlySet<string> = new Set(['content', 'digest', 'disable', 'nodes', 'shared', 'storage', 'type'])

/** The storages as the cluster's configuration defines them: `/storage`. */
export class StorageRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /**
   * Those the caller may audit or use, in the order of the configuration; `GET /storage`. The entry of a single one says the same and needs Datastore.Allocate.
   */
  list(): ResultAsync<StorageDefinition[], Failure> {
    return ask('list the storages', () => this.connection.api.storage.$get(), records).map((rows) =>
      rows.map((row) => definitionFrom(row)),
    )
  }

  /**
   * `POST /storage`. The node that is asked activates it first, and nothing is added where it cannot; needs Datastore.Allocate on `/storage`.
   */
  add(storage: string, type: string, parameters: StorageParameters): ResultAsync<void, Failure> {
    return ask(
      `add storage ${storage}`,
      () => this.connection.api.storage.$post({storage, type, ...revealed(parameters)} as never),
      z.unknown(),
    ).map(() => undefined)
  }

  /**
   * `PUT /storage/{storage}`.
   * @param remove options to take away, which then have their defaults
   * @param digest of the definition the change is made from; it is one for all storages
   */
  set(
    storage: string,
    {
      parameters = {},
      remove = [],
      digest,
    }: {readonly parameters?: StorageParameters; readonly remove?: readonly string[]; readonly digest?: string},
  ): ResultAsync<void, Failure> {
    const body = {
      ...revealed(parameters),
      ...(remove.length > 0 && {delete: remove.join(',')}),
      ...(digest !== undefined && {digest}),
    }
    return ask(
      `change storage ${storage}`,
      () => this.connection.api.storage.$(storage).$put(body as never),
      z.unknown(),
    ).map(() => undefined)
  }

  /** `DELETE /storage/{storage}`: the definition only, what lies there stays. */
  remove(storage: string): ResultAsync<void, Failure> {
    return ask(`remove storage ${storage}`, () => this.connection.api.storage.$(storage).$delete(), z.unknown()).map(
      () => undefined,
    )
  }
}

function revealed(parameters: StorageParameters): Record<string, boolean | number | string> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]),
  )
}

function definitionFrom(row: Fields): StorageDefinition {
  const type = asText(row.type) ?? ''
  const nodes = wordsOf(asText(row.nodes))
  return present({
    storage: asText(row.storage) ?? '',
    type,
    content: wordsOf(asText(row.content)).filter((kind) => kind !== 'none'),
    shared: asFlag(row.shared) || SHARED_TYPES.has(type),
    enabled: !asFlag(row.disable),
    nodes: nodes.length > 0 ? nodes : undefined,
    options: optionsFrom(row),
    digest: asText(row.digest),
  }) as StorageDefinition
}

function optionsFrom(row: Fields): StorageOptions {
  const options: Record<string, number | string> = {}
  for (const [name, value] of Object.entries(row)) {
    if (OWN.has(name) || value === null || value === undefined) continue
    if (typeof value === 'number' || typeof value === 'string') options[name] = value
    // Some releases take property strings apart.
    else if (typeof value === 'object')
      options[name] = formatPropertyString(Object.entries(value).map(([key, part]) => [key, String(part)]))
  }

  return options
}

function wordsOf(text = ''): string[] {
  return text.split(/[\s,;]+/).filter((word) => word !== '')
}
