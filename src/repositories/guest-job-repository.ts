import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {parsePropertyString} from '../domain/property-string.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asNumber, asText, records, type Fields} from './reply.js'

/** A job that is about certain guests. */
export interface GuestJob {
  readonly id: string
  readonly vmids: readonly number[]
  /** Of a backup job: where it puts the backups, and its scratch data (fleecing). */
  readonly storages?: readonly string[]
}

/** Jobs of the cluster that name guests. */
export class GuestJobRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** Those of guests the caller may audit; `GET /cluster/replication`. */
  replications(): ResultAsync<GuestJob[], Failure> {
    return ask('list the replication jobs', () => this.connection.api.cluster.replication.$get(), records).map((rows) =>
      rows.map((row) => ({
        id: asText(row.id) ?? '',
        vmids: [asNumber(row.guest) ?? Number.parseInt(asText(row.id) ?? '', 10)],
      })),
    )
  }

  /** Each with the guests it names; those of all guests or of a pool name none; `GET /cluster/backup`, needs Sys.Audit on `/`. */
  backups(): ResultAsync<GuestJob[], Failure> {
    return ask('list the backup jobs', () => this.connection.api.cluster.backup.$get(), records).map((rows) =>
      rows.map((row) => ({
        id: asText(row.id) ?? '',
        vmids: (asText(row.vmid) ?? '')
          .split(',')
          .filter((text) => /^\s*\d+\s*$/.test(text))
          .map(Number),
        storages: [row.storage, fleecingStorage(row.fleecing)].flatMap((name) => asText(name) ?? []),
      })),
    )
  }
}

/** A property string, or one that is taken apart already. */
function fleecingStorage(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) return (value as Fields).storage
  return parsePropertyString(asText(value) ?? '', {defaultKey: 'enabled'}).get('storage')
}
