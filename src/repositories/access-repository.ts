import type {ResultAsync} from 'neverthrow'

import type {Failure} from '../domain/failure.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, record} from './reply.js'

/** Who may do what: `/access/…`. */
export class AccessRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** The paths on which the caller has any privilege; `GET /access/permissions`, which everybody may ask about himself. */
  permittedPaths(): ResultAsync<string[], Failure> {
    return ask('read my permissions', () => this.connection.api.access.permissions.$get(), record).map((paths) =>
      Object.entries(paths)
        .filter(([, privileges]) => typeof privileges === 'object' && privileges !== null && Object.keys(privileges).length > 0)
        .map(([path]) => path),
    )
  }
}
