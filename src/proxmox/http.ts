import https from 'node:https'
import type {ClientRequest, IncomingMessage} from 'node:http'
import type {TLSSocket} from 'node:tls'

import type {Problem} from './request-error.js'
import {addressOf, DialError, dial, fingerprintOf, type EndpointTrust} from './tls.js'

export interface HttpRequest {
  readonly method: 'DELETE' | 'GET' | 'POST' | 'PUT'
  /** With the query, encoded. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HttpReply {
  readonly status: number
  /** The reason phrase, where older servers keep the only error text. */
  readonly reason: string
  readonly body: string
}

export interface HttpLimits {
  readonly connectTimeoutMs: number
  readonly timeoutMs: number
  readonly maxConnections: number
}

/** What an exchange can end with, other than a reply. The endpoint list adds who was tried. */
export type ExchangeProblem = DialError['problem'] | Extract<Problem, {kind: 'aborted' | 'lost' | 'protocol'}>

export class ExchangeError extends Error {
  override readonly name = 'ExchangeError'
  readonly problem: ExchangeProblem

  constructor(problem: ExchangeProblem) {
    super(problem.kind)
    this.problem = problem
  }
}

/** The server closes idle connections after 5 s; leaving first avoids writing into one that is being closed. */
const IDLE_MS = 4000

/** HTTP/1.1 with one endpoint: a bounded number of exchanges, over connections that are kept for a moment. */
export class HttpEndpoint {
  readonly #agent: https.Agent
  readonly #endpoint: string
  readonly #limits: HttpLimits
  readonly #dialing = new Set<TLSSocket>()
  readonly #waiting: (() => void)[] = []
  #active = 0
  #closed = false
  #fingerprint: string | undefined

  constructor(endpoint: string, trust: () => EndpointTrust, limits: HttpLimits) {
    this.#endpoint = endpoint
    this.#limits = limits
    this.#agent = new https.Agent({keepAlive: true, maxFreeSockets: limits.maxConnections, timeout: IDLE_MS})
    // Calling back later keeps the agent from writing the request before the peer is known to be the right one.
    const createConnection = (
      _options: unknown,
      callback: (error: Error | null, socket?: TLSSocket) => void,
    ): undefined => {
      try {
        const expected = trust()
        const socket = dial(endpoint, expected, limits.connectTimeoutMs, (error, ready) => {
          this.#dialing.delete(socket)
          if (ready && expected.kind === 'any-of') this.#fingerprint = fingerprintOf(ready)
          if (error) callback(error)
          else callback(null, ready)
        })
        this.#dialing.add(socket)
      } catch (error) {
        // OpenSSL can't read the authority's certificate.
        callback(
          new DialError({kind: 'certificate-untrusted', code: (error as NodeJS.ErrnoException).code ?? 'INVALID_CA'}),
        )
      }

      return undefined
    }

    Object.assign(this.#agent, {createConnection})
  }

  /**
   * One request, once. Nothing is repeated here, with one exception that cannot be noticed by the server: a kept connection that turns out to be
   * closed before anything was written to it is replaced by a new one.
   * @throws ExchangeError
   */
  async exchange(request: HttpRequest, signals: readonly (AbortSignal | undefined)[]): Promise<HttpReply> {
    await this.#enter()
    try {
      return await this.#exchange(request, signals).catch((error: unknown) => {
        const closed =
          error instanceof ExchangeError && error.problem.kind === 'not-connected' && error.problem.reason === 'closed'
        if (!closed || this.#closed) throw error
        return this.#exchange(request, signals)
      })
    } finally {
      this.#leave()
    }
  }

  /** The certificate that was accepted as one of several. */
  get acceptedFingerprint(): string | undefined {
    return this.#fingerprint
  }

  /** Ends every connection at once. */
  close(): void {
    this.#closed = true
    this.#agent.destroy()
    for (const socket of this.#dialing) socket.destroy()
  }

  /** Forgets the kept connections, for when one of them has shown that the peer is gone. */
  #dropIdle(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
  }

  async #enter(): Promise<void> {
    if (this.#active < this.#limits.maxConnections) {
      this.#active++
      return
    }

    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #leave(): void {
    // The place goes to the next one without being free in between.
    const next = this.#waiting.shift()
    if (next) next()
    else this.#active--
  }

  #exchange(request: HttpRequest, signals: readonly (AbortSignal | undefined)[]): Promise<HttpReply> {
    const {host, port} = addressOf(this.#endpoint)
    return new Promise((resolve, reject) => {
      let socket: TLSSocket | undefined
      let writtenBefore = 0
      let response: IncomingMessage | undefined
      let given: ExchangeProblem | undefined
      const wasSent = (): boolean => socket !== undefined && socket.bytesWritten > writtenBefore

      const finish = (act: () => void): void => {
        clearTimeout(timer)
        for (const signal of signals) signal?.removeEventListener('abort', onAbort)
        act()
      }
      const giveUp = (problem: ExchangeProblem): void => {
        given ??= problem
        call.destroy()
        // A request that still waits for its connection says nothing when destroyed.
        fail(new Error('given up'))
      }
      const onAbort = (): void => giveUp({kind: 'aborted', sent: wasSent()})
      const onTimeout = (): void => {
        this.#dropIdle()
        giveUp(
          wasSent() ? {kind: 'lost', reason: 'timeout'} : {kind: 'not-connected', reason: 'timeout', code: 'ETIMEDOUT'},
        )
      }
      const fail = (error: NodeJS.ErrnoException): void =>
        finish(() => {
          if (given) reject(new ExchangeError(given))
          else if (error instanceof DialError) reject(new ExchangeError(error.problem))
          else if (!wasSent()) reject(new ExchangeError({kind: 'not-connected', reason: 'closed', ...codeOf(error)}))
          else if (error.code?.startsWith('HPE_') && request.method === 'GET') {
            reject(new ExchangeError({kind: 'protocol', status: 0, detail: 'the answer is not HTTP'}))
          } else {
            this.#dropIdle()
            reject(new ExchangeError({kind: 'lost', reason: 'reset', ...codeOf(error)}))
          }
        })

      const call: ClientRequest = https.request({
        agent: this.#agent,
        host,
        port,
        method: request.method,
        path: request.path,
        headers: {
          accept: 'application/json',
          ...request.headers,
          ...(request.body === undefined
            ? {}
            : {
                'content-type': 'application/x-www-form-urlencoded',
                'content-length': String(Buffer.byteLength(request.body)),
              }),
        },
      })
      const timer = setTimeout(onTimeout, this.#limits.timeoutMs + this.#limits.connectTimeoutMs)
      call.on('socket', (assigned) => {
        socket = assigned as TLSSocket
        writtenBefore = socket.bytesWritten
      })
      call.on('error', fail)
      call.on('response', (message) => {
        response = message
        const chunks: Buffer[] = []
        message.on('data', (chunk: Buffer) => chunks.push(chunk))
        message.on('error', fail)
        message.on('end', () => {
          finish(() =>
            resolve({
              status: message.statusCode ?? 0,
              reason: message.statusMessage ?? '',
              body: Buffer.concat(chunks).toString('utf8'),
            }),
          )
        })
      })
      // Destroyed without an error, for instance by us: the promise must end all the same.
      call.on('close', () => {
        if (!response?.complete) fail(new Error('closed'))
      })
      for (const signal of signals) {
        if (signal?.aborted) onAbort()
        else signal?.addEventListener('abort', onAbort)
      }

      call.end(request.body)
    })
  }
}

function codeOf(error: NodeJS.ErrnoException): {code?: string} {
  return error.code === undefined ? {} : {code: error.code}
}
