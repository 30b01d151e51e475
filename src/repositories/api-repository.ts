import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {Connection} from '../proxmox/connection.js'
import type {Params} from '../proxmox/encode.js'
import type {Method} from '../proxmox/request-error.js'
import {failureFromRequest} from './failure-from-request.js'

/** Any path of the API, for what no command covers. */
export class ApiRepository {
  constructor(private readonly connection: Pick<Connection, 'request'>) {}

  /**
   * @param path below `/api2/json`, as written in Proxmox VE's API viewer
   * @returns the reply's `data`
   */
  send(method: Method, path: string, params: Params): ResultAsync<unknown, Failure> {
    return this.connection
      .request(method, path, params)
      .map(({data}) => data)
      .mapErr((error) => failureFromRequest(error, {what: `${method.toUpperCase()} ${path}`}))
  }
}
