import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {parsePropertyString} from '../domain/property-string.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asFlag, asText, records} from './reply.js'

/** Devices and directories under one name that means something on some nodes. */
export interface ResourceMapping {
  readonly id: string
  readonly nodes: readonly string[]
  /** Whether a guest may be moved with it while it runs. */
  readonly live: boolean
}

/** Resource mappings, since 8.0: `/cluster/mapping/…`; those that the caller may see. */
export class MappingRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** `GET /cluster/mapping/{kind}`; directories since 8.4. */
  list(kind: 'dir' | 'pci' | 'usb'): ResultAsync<ResourceMapping[], Failure> {
    return ask(`list the ${kind} mappings`, () => this.path(kind).$get(), records).map((rows) =>
      rows.map((row) => ({
        id: asText(row['id']) ?? '',
        nodes: (Array.isArray(row['map']) ? row['map'] : []).flatMap(
          (entry) => parsePropertyString(String(entry)).get('node') ?? [],
        ),
        live: asFlag(row['live-migration-capable']),
      })),
    )
  }

  /** The typed builder does not know directories. */
  private path(kind: 'dir' | 'pci' | 'usb') {
    return (this.connection.api.cluster.mapping as unknown as Record<string, {$get(): Promise<unknown>}>)[kind] as {
      $get(): Promise<unknown>
    }
  }
}
