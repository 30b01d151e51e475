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
      .mapErr((error) => withApiHint(failureFromRequest(error, {what: `${method.toUpperCase()} ${path}`})))
  }
}

/** Here it is the caller who chose the path and its parameters, not a command that knows them. */
function withApiHint(failed: Failure): Failure {
  const isUnknownCall = failed.kind === 'not-supported' && failed.details?.['status'] === 501
  if (!isUnknownCall && failed.kind !== 'invalid-parameter') return failed
  const hint = isUnknownCall
    ? 'Check the path and the method; not every version has every call'
    : 'See what the call takes'
  return {...failed, hint: `${hint}: https://pve.proxmox.com/pve-docs/api-viewer/`}
}
