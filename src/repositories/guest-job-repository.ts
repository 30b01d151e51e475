import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asNumber, asText, records} from './reply.js'

/** A job that is about certain guests. */
export interface GuestJob {
  readonly id: string
  readonly vmids: readonly number[]
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

  /** Those that name guests, not those of all guests or of a pool; `GET /cluster/backup`, needs Sys.Audit on `/`. */
  backups(): ResultAsync<GuestJob[], Failure> {
    return ask('list the backup jobs', () => this.connection.api.cluster.backup.$get(), records).map((rows) =>
      rows.map((row) => ({
        id: asText(row.id) ?? '',
        vmids: (asText(row.vmid) ?? '')
          .split(',')
          .filter((text) => /^\s*\d+\s*$/.test(text))
          .map(Number),
      })),
    )
  }
}
