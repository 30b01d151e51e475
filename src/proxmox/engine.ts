import {isSecretParameter, redact, REDACTED} from '../domain/redact.js'
import type {Clock} from '../domain/clock.js'
import {NoAuthenticator, TokenAuthenticator, type Authenticator} from './auth.js'
import {encodeForm, encodePath, type Params} from './encode.js'
import type {EndpointMemory} from './endpoint-memory.js'
import {EndpointList} from './endpoints.js'
import {ExchangeError, HttpEndpoint, type ExchangeProblem, type HttpReply, type HttpRequest} from './http.js'
import {readReply, type Reply} from './reply.js'
import {RequestError, type Attempt, type Method, type NotConnectedReason, type Problem} from './request-error.js'
import {retryPause} from './retry.js'
import type {AskSecondFactor} from './second-factor.js'
import type {ConnectionSettings} from './settings.js'
import type {UploadForm, UploadOutcome} from './upload.js'
import type {Channel} from './web-socket.js'

export interface EngineDeps {
  readonly clock: Clock
  /** 0..1, for jitter. */
  readonly random: () => number
  /** One line per request, without secrets. */
  readonly onDebug?: ((line: string) => void) | undefined
  readonly endpointMemory?: EndpointMemory | undefined
  /** Gives up everything under way. */
  readonly signal?: AbortSignal | undefined
  /** Asks for a second factor when a login needs one. */
  readonly otp?: AskSecondFactor | undefined
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined
}

export interface ChannelOptions extends RequestOptions {
  /** Called with each message that arrives; the next one waits until a returned promise is settled. */
  readonly onMessage: (bytes: Uint8Array) => Promise<void> | void
}

export interface UploadOptions extends RequestOptions {
  /** The node to send it to, where there is a way to it; another one passes it on. */
  readonly node?: string | undefined
  /** Called with how many bytes of the file the connection has taken. */
  readonly onSent?: ((bytes: number) => void) | undefined
}

interface Call {
  readonly method: Method
  /** Below `/api2/json`, encoded. */
  readonly path: string
  readonly params: Params | undefined
  readonly signal: AbortSignal | undefined
  /** May be sent twice, whatever the method says. */
  readonly harmless?: boolean
}

const CONNECT_TIMEOUT_MS = 3000
const TIMEOUT_MS = 40_000
const MAX_CONNECTIONS = 8

/** Requests to one cluster: through whichever endpoint answers, as whoever the settings say. */
export class Engine {
  readonly endpoints: EndpointList
  readonly #deps: EngineDeps
  readonly #settings: ConnectionSettings
  readonly #https = new Map<string, HttpEndpoint>()
  readonly #channels = new Set<Channel>()
  readonly #closing = new AbortController()
  #authenticator: Authenticator | Promise<Authenticator> | undefined
  #secrets: readonly string[] = []
  #closed = false

  constructor(settings: ConnectionSettings, deps: EngineDeps) {
    this.#settings = settings
    this.#deps = deps
    this.endpoints = new EndpointList(settings, deps.endpointMemory)
  }

  /**
   * Sends a request, as often as it takes and no more often than is safe.
   * @param path below `/api2/json`, `/` within a segment as `%2F`, the rest raw
   * @throws RequestError and nothing else
   */
  async request(method: Method, path: string, params?: Params, options: RequestOptions = {}): Promise<Reply> {
    const encoded = encodePath(path)
    if (encoded === undefined)
      throw new RequestError({kind: 'invalid-path'}, {method, path: redact(path, this.#secrets)})
    const call: Call = {method, path: encoded, params, signal: options.signal}
    const reply = await this.#authenticated(call)
    if (method === 'get') this.#harvest(encoded, reply.data)
    return reply
  }

  /**
   * Sends a file, once, through the first endpoint that takes a connection.
   * @throws RequestError and nothing else
   */
  async upload(path: string, form: UploadForm, options: UploadOptions = {}): Promise<Reply> {
    const encoded = encodePath(path)
    if (encoded === undefined) throw new RequestError({kind: 'invalid-path'}, {method: 'post', path})
    const params = {...Object.fromEntries(form.fields), filename: form.filename}
    const call: Call = {method: 'post', path: encoded, params, signal: options.signal}
    const authenticator = await (this.#authenticator ??= this.#createAuthenticator())
    const headers = await authenticator.headers('post')
    this.#secrets = authenticator.secrets()
    const {sendUpload} = await import('./upload.js')
    const near = this.endpoints.list().find(({node}) => node !== undefined && node === options.node)?.url
    const order = this.endpoints.order()
    return this.#through(
      near === undefined ? order : [near, ...order.filter((url) => url !== near)],
      call,
      (endpoint) =>
        sendUpload({
          endpoint,
          trust: () => this.endpoints.trustOf(endpoint),
          path: `/api2/json${encoded}`,
          headers,
          form,
          connectTimeoutMs: this.#settings.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
          timeoutMs: this.#settings.timeoutMs ?? TIMEOUT_MS,
          signals: [options.signal, this.#deps.signal, this.#closing.signal],
          onSent: options.onSent,
        }),
    )
  }

  /**
   * Opens a websocket, once, at the endpoint named: what it leads to is known to that one alone.
   * @throws RequestError and nothing else
   */
  async openChannel(endpoint: string, path: string, params: Params, options: ChannelOptions): Promise<Channel> {
    const encoded = encodePath(path)
    if (encoded === undefined) throw new RequestError({kind: 'invalid-path'}, {method: 'get', path})
    const call: Call = {method: 'get', path: encoded, params, signal: options.signal}
    const authenticator = await (this.#authenticator ??= this.#createAuthenticator())
    const headers = await authenticator.headers('get')
    this.#secrets = authenticator.secrets()
    const {openChannel} = await import('./web-socket.js')
    const started = this.#deps.clock.now()
    const outcome = await openChannel({
      ...this.#encode(call, headers),
      endpoint,
      trust: () => this.endpoints.trustOf(endpoint),
      connectTimeoutMs: this.#settings.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      timeoutMs: this.#settings.timeoutMs ?? TIMEOUT_MS,
      signals: [options.signal, this.#deps.signal],
      onMessage: options.onMessage,
    })
    const tookMs = this.#deps.clock.now() - started
    if ('problem' in outcome) {
      const problem = this.#exchangeProblem(outcome.problem)
      this.#debug(call, endpoint, problem, undefined, tookMs)
      const attempts = problem.kind === 'not-connected' ? [attemptOf(endpoint, problem.reason, problem.code)] : []
      throw this.#error({...problem, ...(attempts.length > 0 && {attempts})}, call, endpoint)
    }

    if ('status' in outcome) {
      this.#debug(call, endpoint, 'ok', outcome, tookMs)
      const read = readReply(outcome)
      const none: Problem = {kind: 'protocol', status: outcome.status, detail: 'it opens no websocket'}
      throw this.#error('problem' in read ? read.problem : none, call, endpoint)
    }

    this.#debug(call, endpoint, 'ok', {status: 101, reason: 'Switching Protocols', body: ''}, tookMs)
    this.#channels.add(outcome)
    void outcome.closed.then(() => this.#channels.delete(outcome))
    return outcome
  }

  /** Ends every connection at once, so that the process may exit. */
  close(): void {
    this.#closed = true
    this.#closing.abort()
    for (const http of this.#https.values()) http.close()
    for (const channel of this.#channels) channel.destroy()
  }

  async #authenticated(call: Call): Promise<Reply> {
    const authenticator = await (this.#authenticator ??= this.#createAuthenticator())
    for (let relogin = false; ; relogin = true) {
      const headers = await authenticator.headers(call.method)
      this.#secrets = authenticator.secrets()
      try {
        return await this.#repeated(call, headers)
      } catch (error) {
        // A 401 is given before anything is done, so even a write may be asked again.
        const unauthorized =
          error instanceof RequestError && error.problem.kind === 'status' && error.problem.status === 401
        if (!unauthorized || relogin || !authenticator.rejected(headers)) throw error
      }
    }
  }

  /** @throws RequestError */
  async #repeated(call: Call, headers: Readonly<Record<string, string>>): Promise<Reply> {
    const {clock, random} = this.#deps
    for (let attempt = 1; ; attempt++) {
      const started = clock.now()
      try {
        return await this.#once(call, headers)
      } catch (error) {
        if (!(error instanceof RequestError)) throw error
        const pause = retryPause(error.problem, {
          repeatable: call.method === 'get' || call.harmless === true,
          attempt,
          tookMs: clock.now() - started,
          random: random(),
        })
        if (pause === undefined || this.#closed) throw error
        await clock.sleep(pause, call.signal ?? this.#deps.signal)
      }
    }
  }

  /** Finds an endpoint that takes a connection and sends the request there, once. */
  async #once(call: Call, headers: Readonly<Record<string, string>>): Promise<Reply> {
    const http = this.#encode(call, headers)
    return this.#through(this.endpoints.order(), call, (endpoint) => this.#exchange(endpoint, http, call))
  }

  /** Sends to one endpoint after the other until one takes a connection; never twice. */
  async #through(
    endpoints: readonly string[],
    call: Call,
    send: (endpoint: string) => Promise<UploadOutcome | {problem: Problem}>,
  ): Promise<Reply> {
    const attempts: Attempt[] = []
    let untrusted: {problem: Problem; endpoint: string} | undefined
    for (const endpoint of endpoints) {
      const started = this.#deps.clock.now()
      const outcome = await send(endpoint)
      const problem = 'problem' in outcome ? asProblem(outcome.problem) : undefined
      this.#debug(
        call,
        endpoint,
        problem ?? 'ok',
        'status' in outcome ? outcome : undefined,
        this.#deps.clock.now() - started,
      )
      if (problem?.kind === 'not-connected') {
        this.endpoints.lost(endpoint)
        attempts.push(attemptOf(endpoint, problem.reason, problem.code))
        continue
      }

      if (problem?.kind === 'certificate-untrusted') {
        untrusted ??= {problem, endpoint}
        attempts.push(attemptOf(endpoint, 'untrusted', problem.code))
        continue
      }

      if (problem) throw this.#error(problem, call, endpoint)
      this.endpoints.answered(
        endpoint,
        attempts.filter((attempt) => attempt.reason !== 'untrusted').map((attempt) => attempt.endpoint),
        this.#https.get(endpoint)?.acceptedFingerprint,
      )
      const read = readReply(outcome as HttpReply)
      if ('problem' in read) throw this.#error(read.problem, call, endpoint)
      return read.reply
    }

    if (untrusted) throw this.#error(untrusted.problem, call, untrusted.endpoint)
    const first = attempts[0]
    throw this.#error(
      {
        kind: 'not-connected',
        reason: (first?.reason as NotConnectedReason | undefined) ?? 'other',
        ...(first?.code !== undefined && {code: first.code}),
        attempts,
      },
      call,
      first?.endpoint,
    )
  }

  async #exchange(endpoint: string, request: HttpRequest, call: Call): Promise<HttpReply | {problem: Problem}> {
    if (this.#closed) return {problem: {kind: 'aborted', sent: false}}
    try {
      return await this.#http(endpoint).exchange(request, [call.signal, this.#deps.signal])
    } catch (error) {
      return {
        problem: this.#exchangeProblem(
          error instanceof ExchangeError
            ? error.problem
            : {kind: 'not-connected', reason: 'other', code: (error as NodeJS.ErrnoException).code ?? 'UNKNOWN'},
        ),
      }
    }
  }

  #exchangeProblem(problem: ExchangeProblem): Problem {
    if (problem.kind !== 'not-connected') return problem
    // Closing ends what is under way; that is no sign of a dead endpoint.
    return this.#closed ? {kind: 'aborted', sent: false} : {...problem, attempts: []}
  }

  #http(endpoint: string): HttpEndpoint {
    let http = this.#https.get(endpoint)
    if (!http) {
      http = new HttpEndpoint(endpoint, () => this.endpoints.trustOf(endpoint), {
        connectTimeoutMs: this.#settings.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
        timeoutMs: this.#settings.timeoutMs ?? TIMEOUT_MS,
        maxConnections: this.#settings.maxConnections ?? MAX_CONNECTIONS,
      })
      this.#https.set(endpoint, http)
    }

    return http
  }

  #encode(call: Call, headers: Readonly<Record<string, string>>): HttpRequest {
    const form = encodeForm(call.params)
    const path = `/api2/json${call.path}`
    // A body of a DELETE is answered 501 (reference 5), and a GET has none.
    if (call.method === 'get' || call.method === 'delete') {
      return {method: call.method === 'get' ? 'GET' : 'DELETE', path: form === '' ? path : `${path}?${form}`, headers}
    }

    return {method: call.method === 'post' ? 'POST' : 'PUT', path, headers, body: form}
  }

  #createAuthenticator(): Authenticator | Promise<Authenticator> {
    const {credentials} = this.#settings
    if (!credentials) return new NoAuthenticator()
    if (credentials.kind === 'token') return new TokenAuthenticator(credentials)
    // Most runs use a token and never load this.
    return import('./ticket.js').then(
      ({TicketAuthenticator}) =>
        new TicketAuthenticator(credentials, {
          clock: this.#deps.clock,
          otp: this.#deps.otp,
          login: (params, {harmless}) => {
            const signal = this.#deps.signal
            return this.#repeated({method: 'post', path: '/access/ticket', params, signal, harmless}, {})
          },
        }),
    )
  }

  #harvest(path: string, data: unknown): void {
    const via = this.endpoints.current?.url
    if (via === undefined) return
    if (path === '/cluster/status') this.endpoints.harvestStatus(data, via)
    else if (path === '/nodes') this.endpoints.harvestNodes(data)
  }

  /** An error without secrets: a server may quote a parameter in its refusal. */
  #error(problem: Problem, call: Call, endpoint: string | undefined): RequestError {
    const secrets = this.#secretsOf(call)
    const clean = (text: string): string => redact(text, secrets)
    const safe: Problem =
      problem.kind === 'status'
        ? {
            ...problem,
            reason: clean(problem.reason),
            text: clean(problem.text),
            ...(problem.errors && {
              errors: Object.fromEntries(Object.entries(problem.errors).map(([name, text]) => [name, clean(text)])),
            }),
          }
        : problem
    return new RequestError(safe, {method: call.method, path: clean(call.path), endpoint})
  }

  #secretsOf(call: Call): string[] {
    const values = Object.entries(call.params ?? {}).flatMap(([name, value]) =>
      isSecretParameter(name) && value !== undefined && value !== null
        ? Array.isArray(value)
          ? value.map(String)
          : [String(value)]
        : [],
    )
    return [...this.#secrets, ...values]
  }

  #debug(call: Call, endpoint: string, problem: Problem | 'ok', reply: HttpReply | undefined, tookMs: number): void {
    const {onDebug} = this.#deps
    if (!onDebug) return
    const params = Object.entries(call.params ?? {})
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => `${name}=${isSecretParameter(name) ? REDACTED : String(value)}`)
    const outcome =
      problem === 'ok'
        ? `${reply?.status} ${reply?.reason}`.trim()
        : 'reason' in problem
          ? `${problem.kind} (${problem.reason})`
          : problem.kind
    const line = `${call.method.toUpperCase()} ${call.path}${params.length > 0 ? ` {${params.join(', ')}}` : ''} -> ${outcome}, ${Math.round(tookMs)} ms, ${endpoint}`
    onDebug(redact(line, this.#secretsOf(call)))
  }
}

/** What a single exchange ends with does not say who was tried. */
function asProblem(problem: ExchangeProblem | Problem): Problem {
  return problem.kind === 'not-connected' ? {attempts: [], ...problem} : problem
}

function attemptOf(endpoint: string, reason: Attempt['reason'], code: string | undefined): Attempt {
  return {endpoint, reason, ...(code !== undefined && {code})}
}
