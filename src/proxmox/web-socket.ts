import {WebSocket, type RawData} from 'ws'
import type {TLSSocket} from 'node:tls'

import type {TerminalEnd} from '../domain/terminal.js'
import type {ExchangeProblem, HttpReply} from './http.js'
import {DialError, dial, type EndpointTrust} from './tls.js'

/** Bytes in both directions over a websocket. */
export interface Channel {
  /** Sends one message, unfragmented. Resolves at once while little waits to be sent, otherwise when this has been. */
  send(bytes: Uint8Array): Promise<void>
  /** Asks the other side for a sign of life; when it has given none since it was last asked, the connection counts as broken. */
  probe(): void
  readonly closed: Promise<TerminalEnd>
  /** Takes leave and ends the connection. Resolves when it is closed, which takes a second at most. */
  close(): Promise<void>
  /** Ends the connection at once. */
  destroy(): void
}

export interface ChannelRequest {
  /** `https://host:port`. */
  readonly endpoint: string
  readonly trust: () => EndpointTrust
  /** With the query, encoded. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly connectTimeoutMs: number
  readonly timeoutMs: number
  readonly signals: readonly (AbortSignal | undefined)[]
  /** Called with each message that arrives; the next one waits until a returned promise is settled. */
  readonly onMessage: (bytes: Uint8Array) => Promise<void> | void
}

/** The server's largest frame has 128 KiB (reference 2.7). */
const MAX_MESSAGE = 1024 * 1024
/** Above this whoever sends has to wait. */
const HIGH_WATER = 256 * 1024
const LEAVE_MS = 1000
const NO_CLOSE_FRAME = 1006

export type ChannelOutcome = Channel | HttpReply | {readonly problem: ExchangeProblem}

/**
 * Opens a websocket to one endpoint; nothing is written before its certificate is known to be the right one.
 * @returns the channel, the answer of a server that did not open one, or why there was none; never rejects
 */
export function openChannel(request: ChannelRequest): Promise<ChannelOutcome> {
  return new Promise((resolve) => {
    const opening = new Opening(request)
    const {signals} = request
    const abort = (): void => opening.giveUp({kind: 'aborted', sent: opening.sent})
    opening.settle = (outcome) => {
      for (const signal of signals) signal?.removeEventListener('abort', abort)
      resolve(outcome)
    }

    for (const signal of signals) {
      if (signal?.aborted) abort()
      else signal?.addEventListener('abort', abort)
    }

    opening.start()
  })
}

/** A websocket until it is open, or is known not to open. */
class Opening {
  settle: (outcome: ChannelOutcome) => void = () => {}
  readonly #request: ChannelRequest
  #socket: TLSSocket | undefined
  #webSocket: WebSocket | undefined
  #given: ExchangeProblem | undefined

  constructor(request: ChannelRequest) {
    this.#request = request
  }

  get sent(): boolean {
    return (this.#socket?.bytesWritten ?? 0) > 0
  }

  giveUp(problem: ExchangeProblem): void {
    this.#given ??= problem
    this.#webSocket?.terminate()
    this.#socket?.destroy()
  }

  start(): void {
    if (this.#given) {
      this.#fail(this.#given)
      return
    }

    const {connectTimeoutMs, endpoint, headers, path, timeoutMs} = this.#request
    const webSocket = new WebSocket(`${endpoint.replace(/^https/, 'wss')}${path}`, 'binary', {
      createConnection: ((_options: unknown, callback: DialCallback) => this.#dial(callback)) as never,
      handshakeTimeout: connectTimeoutMs + timeoutMs,
      headers,
      maxPayload: MAX_MESSAGE,
      perMessageDeflate: false,
    })
    this.#webSocket = webSocket
    webSocket.on('unexpected-response', (sent, response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const reply = {
          status: response.statusCode ?? 0,
          reason: response.statusMessage ?? '',
          body: Buffer.concat(chunks).toString('utf8'),
        }
        this.settle(reply)
        sent.destroy()
      })
      response.on('error', (error) => this.#fail(this.#problemOf(error)))
    })
    webSocket.once('error', (error) => this.#fail(this.#problemOf(error)))
    const channel = new OpenChannel(webSocket, () => this.#socket, this.#request.onMessage)
    webSocket.once('open', () => this.settle(channel))
  }

  /** Calling back later keeps the request from being written before the peer is known to be the right one. */
  #dial(callback: DialCallback): undefined {
    const {connectTimeoutMs, endpoint, trust} = this.#request
    try {
      this.#socket = dial(endpoint, trust(), connectTimeoutMs, (error, ready) => {
        if (error) callback(error)
        else callback(null, ready)
      })
    } catch (error) {
      // OpenSSL can't read the authority's certificate.
      const code = (error as NodeJS.ErrnoException).code ?? 'INVALID_CA'
      callback(new DialError({kind: 'certificate-untrusted', code}))
    }

    return undefined
  }

  #problemOf(error: NodeJS.ErrnoException): ExchangeProblem {
    if (this.#given) return this.#given
    if (error instanceof DialError) return error.problem
    const code = error.code === undefined ? {} : {code: error.code}
    if (!this.sent) return {kind: 'not-connected', reason: 'closed', ...code}
    if (/handshake has timed out/.test(error.message)) return {kind: 'lost', reason: 'timeout'}
    return error.code === undefined
      ? {kind: 'protocol', status: 101, detail: 'it opens no websocket'}
      : {kind: 'lost', reason: 'reset', ...code}
  }

  #fail(problem: ExchangeProblem): void {
    this.settle({problem})
  }
}

type DialCallback = (error: Error | null, socket?: TLSSocket) => void

class OpenChannel implements Channel {
  readonly closed: Promise<TerminalEnd>
  readonly #webSocket: WebSocket
  #alive = true

  constructor(webSocket: WebSocket, socket: () => TLSSocket | undefined, onMessage: ChannelRequest['onMessage']) {
    this.#webSocket = webSocket
    let ended = false
    webSocket.once('open', () => {
      // Proxmox sends no close frame: the end of the stream is all there is to see.
      socket()?.once('end', () => {
        ended = true
      })
    })
    webSocket.on('message', (data: RawData) => {
      this.#alive = true
      const taken = onMessage(data as Buffer)
      if (!taken) return
      webSocket.pause()
      void taken.finally(() => webSocket.resume())
    })
    webSocket.on('pong', () => {
      this.#alive = true
    })
    // What went wrong shows in how it closes.
    webSocket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      webSocket.once('close', (code) => resolve(ended || code !== NO_CLOSE_FRAME ? 'ended' : 'lost'))
    })
  }

  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#webSocket.send(bytes, {binary: true}, () => resolve())
      if (this.#webSocket.bufferedAmount < HIGH_WATER) resolve()
    })
  }

  probe(): void {
    if (this.#webSocket.readyState !== WebSocket.OPEN) return
    if (!this.#alive) {
      this.destroy()
      return
    }

    this.#alive = false
    this.#webSocket.ping()
  }

  async close(): Promise<void> {
    const timer = setTimeout(() => this.destroy(), LEAVE_MS)
    this.#webSocket.resume()
    this.#webSocket.close(1000)
    await this.closed
    clearTimeout(timer)
  }

  destroy(): void {
    this.#webSocket.terminate()
  }
}
