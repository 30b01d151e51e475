import {ResultAsync} from 'neverthrow'
import {proxmoxApi, type Proxmox} from 'proxmox-api'

import {systemClock} from '../domain/clock.js'
import type {Terminal} from '../domain/terminal.js'
import type {Params} from './encode.js'
import type {EndpointInfo} from './endpoints.js'
import {Engine, type EngineDeps, type RequestOptions, type UploadOptions} from './engine.js'
import type {Reply} from './reply.js'
import {RequestError, type Method} from './request-error.js'
import type {ConnectionSettings} from './settings.js'
import type {TerminalAddress, TerminalOptions} from './terminal.js'
import type {UploadForm} from './upload.js'

/** One cluster, as one user. */
export interface Connection {
  /** Every path with its types: `api.nodes.$('pve1').qemu.$get()`. Gives the reply's `data`; rejects with RequestError only. */
  readonly api: Proxmox.Api
  /** Any path, with what comes beside `data`. `path` is below `/api2/json`, `/` within a segment written `%2F`. */
  request(method: Method, path: string, params?: Params, options?: RequestOptions): ResultAsync<Reply, RequestError>
  /**
   * Sends a form with a file, piece by piece; once, and to one endpoint only. With the problems `unfinished` and `source` the server has not got the
   * whole of it, and did nothing.
   */
  upload(path: string, form: UploadForm, options?: UploadOptions): ResultAsync<Reply, RequestError>
  /**
   * Joins a terminal that `termproxy` has started: `GET …/vncwebsocket`, at the endpoint that started it.
   * @returns undefined when the terminal did not take its ticket
   */
  joinTerminal(address: TerminalAddress, options: TerminalOptions): ResultAsync<Terminal | undefined, RequestError>
  /** Which way in was used last, and which there are; for messages. */
  readonly endpoints: {readonly current: EndpointInfo | undefined; list(): readonly EndpointInfo[]}
  /** Asks the cluster for the addresses and fingerprints of all its nodes and remembers them: two requests. */
  learnEndpoints(): ResultAsync<readonly EndpointInfo[], RequestError>
  /** Ends what is under way and every connection; the process may exit at once. */
  close(): void
}

export type ConnectionDeps = Partial<EngineDeps>

/** A connection to a cluster. Nothing is sent before the first request. */
export function openConnection(settings: ConnectionSettings, deps: ConnectionDeps = {}): Connection {
  const engine = new Engine(settings, {clock: systemClock, random: Math.random, ...deps})
  const request: Connection['request'] = (method, path, params, options) =>
    ResultAsync.fromPromise(engine.request(method, path, params, options), (error) => asRequestError(error, method))
  const doRequest = async (method: string, path: string, _template: string, params?: Params): Promise<unknown> =>
    (await engine.request(method as Method, path.replace(/^\/api2\/json/, ''), params)).data
  const join = async (address: TerminalAddress, options: TerminalOptions): Promise<Terminal | undefined> => {
    const {joinTerminal} = await import('./terminal.js')
    const {endpoint, path, port, ticket} = address
    const params = {port, vncticket: ticket.reveal()}
    const open = (onMessage: TerminalOptions['onOutput']) =>
      engine.openChannel(endpoint, `${path}/vncwebsocket`, params, {onMessage, signal: options.signal})
    return joinTerminal(address, open, options)
  }

  return {
    // The builder hands this object to whoever prints one of its nodes, so it holds a function and no state.
    api: proxmoxApi({doRequest}),
    request,
    upload: (path, form, options) =>
      ResultAsync.fromPromise(engine.upload(path, form, options), (error) => asRequestError(error, 'post')),
    joinTerminal: (address, options) =>
      ResultAsync.fromPromise(join(address, options), (error) => asRequestError(error, 'get')),
    endpoints: engine.endpoints,
    learnEndpoints: () =>
      request('get', '/cluster/status')
        .andThen(() => request('get', '/nodes'))
        .map(() => engine.endpoints.list()),
    close: () => engine.close(),
  }
}

/** The engine throws nothing else, unless it has a bug; that mustn't pass for an answer. */
function asRequestError(error: unknown, method: Method): RequestError {
  if (error instanceof RequestError) return error
  throw error instanceof Error ? error : new Error(`unexpected ${method} failure`)
}
