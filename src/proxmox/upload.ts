import {randomBytes} from 'node:crypto'
import https from 'node:https'
import type {ClientRequest, IncomingMessage} from 'node:http'
import type {TLSSocket} from 'node:tls'

import type {ByteSource} from '../domain/byte-source.js'
import type {HttpReply} from './http.js'
import type {Problem} from './request-error.js'
import {dial, type DialError, type EndpointTrust} from './tls.js'

/** A form with one file, the file last. The server takes its fields in one order only (reference 2.6): the caller's. */
export interface UploadForm {
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Letters, digits, `.`, `_` and `-` only. */
  readonly filename: string
  readonly source: ByteSource
}

export interface UploadRequest {
  /** `https://host:port`. */
  readonly endpoint: string
  readonly trust: () => EndpointTrust
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly form: UploadForm
  readonly connectTimeoutMs: number
  /** For the answer, once everything was sent. */
  readonly timeoutMs: number
  readonly signals: readonly (AbortSignal | undefined)[]
  readonly onSent?: ((bytes: number) => void) | undefined
}

export type UploadProblem =
  DialError['problem'] | Extract<Problem, {kind: 'aborted' | 'lost' | 'protocol' | 'source' | 'unfinished'}>

export type UploadOutcome = HttpReply | {readonly problem: UploadProblem}

/** When the peer takes nothing for so long, it is gone. */
const STALL_MS = 60_000
/** What an answer may have at most; it is a UPID or a refusal. */
const MOST_ANSWER = 1024 * 1024

/**
 * Sends a file once, to one endpoint, over a connection of its own. No more of it is in memory than the piece that is on its way: the next one is
 * asked for when the connection has taken the last. The server acts on a whole form only, so whatever ends before the last boundary was sent has
 * done nothing.
 * @returns the answer, or why there is none; never rejects
 */
export async function sendUpload(request: UploadRequest): Promise<UploadOutcome> {
  if (request.signals.some((signal) => signal?.aborted)) return {problem: {kind: 'aborted', sent: false}}
  const socket = await connect(request)
  return 'problem' in socket ? socket : new Upload(request, socket).run()
}

function connect(request: UploadRequest): Promise<TLSSocket | {problem: UploadProblem}> {
  const {connectTimeoutMs, endpoint, signals, trust} = request
  return new Promise((resolve) => {
    const settle = (outcome: TLSSocket | {problem: UploadProblem}): void => {
      for (const signal of signals) signal?.removeEventListener('abort', onAbort)
      resolve(outcome)
    }

    const onAbort = (): void => {
      raw.destroy()
      settle({problem: {kind: 'aborted', sent: false}})
    }

    let raw: TLSSocket
    try {
      raw = dial(endpoint, trust(), connectTimeoutMs, (error, ready) =>
        settle(ready ?? {problem: error?.problem ?? {kind: 'not-connected', reason: 'other'}}),
      )
    } catch (error) {
      // OpenSSL can't read the authority's certificate.
      const {code = 'INVALID_CA'} = error as NodeJS.ErrnoException
      settle({problem: {kind: 'certificate-untrusted', code}})
      return
    }

    for (const signal of signals) signal?.addEventListener('abort', onAbort)
  })
}

class Upload {
  readonly #request: UploadRequest
  readonly #socket: TLSSocket
  readonly #call: ClientRequest
  readonly #head: Buffer
  readonly #tail: Buffer
  #settle: (outcome: UploadOutcome) => void = () => {}
  #timer: NodeJS.Timeout | undefined
  #over = false
  #answering = false
  #sentBytes = 0
  /** The last boundary was written: from here on the server may act. */
  #whole = false

  constructor(request: UploadRequest, socket: TLSSocket) {
    const {endpoint, form, headers, path} = request
    const boundary = `homelab-${randomBytes(16).toString('hex')}`
    this.#request = request
    this.#socket = socket
    this.#head = Buffer.from(headOf(form, boundary))
    this.#tail = Buffer.from(`\r\n--${boundary}--\r\n`)
    this.#call = https.request(`${endpoint}${path}`, {
      createConnection: () => socket,
      method: 'POST',
      headers: {
        accept: 'application/json',
        ...headers,
        connection: 'close',
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'content-length': String(this.#head.length + form.source.sizeBytes + this.#tail.length),
      },
    })
  }

  run(): Promise<UploadOutcome> {
    const {signals} = this.#request
    return new Promise((resolve) => {
      const onAbort = (): void => this.#end({problem: {kind: 'aborted', sent: this.#whole}})
      this.#settle = (outcome) => {
        for (const signal of signals) signal?.removeEventListener('abort', onAbort)
        resolve(outcome)
      }

      for (const signal of signals) signal?.addEventListener('abort', onAbort)
      this.#call.on('error', (error: NodeJS.ErrnoException) => this.#broken('reset', error.code))
      this.#call.on('close', () => this.#broken('reset'))
      this.#call.on('response', (message) => this.#read(message))
      void this.#send()
    })
  }

  async #send(): Promise<void> {
    const {onSent, form} = this.#request
    const {sizeBytes} = form.source
    try {
      await this.#write(this.#head)
      for await (const piece of form.source.pieces()) {
        if (this.#over || this.#answering) return
        if (this.#sentBytes + piece.length > sizeBytes) throw new Error(`there is more of it than ${sizeBytes} bytes`)
        await this.#write(piece)
        this.#sentBytes += piece.length
        onSent?.(this.#sentBytes)
      }

      if (this.#sentBytes < sizeBytes) throw new Error(`it ended after ${this.#sentBytes} of ${sizeBytes} bytes`)
    } catch (error) {
      if (this.#answering) return
      this.#end({problem: {kind: 'source', detail: error instanceof Error ? error.message : String(error)}})
      return
    }

    if (this.#over || this.#answering) return
    this.#whole = true
    this.#await(this.#request.timeoutMs)
    this.#call.end(this.#tail)
  }

  /** Resolves when the connection has taken it, or has ended. */
  #write(bytes: Uint8Array): Promise<void> {
    if (this.#over) return Promise.resolve()
    this.#await(STALL_MS)
    return new Promise((resolve) => {
      const done = (): void => {
        // Whoever reads from a pipe may take his time.
        if (!this.#answering) clearTimeout(this.#timer)
        this.#call.off('close', done)
        resolve()
      }

      this.#call.once('close', done)
      this.#call.write(bytes, done)
    })
  }

  /** The answer; one that comes before everything was sent is a refusal, and ends the sending. */
  #read(message: IncomingMessage): void {
    this.#answering = true
    this.#await(this.#request.timeoutMs)
    const chunks: Buffer[] = []
    let length = 0
    message.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= MOST_ANSWER) chunks.push(chunk)
    })
    message.on('error', (error: NodeJS.ErrnoException) => this.#broken('reset', error.code))
    message.on('end', () =>
      this.#end({
        status: message.statusCode ?? 0,
        reason: message.statusMessage ?? '',
        body: Buffer.concat(chunks).toString('utf8'),
      }),
    )
  }

  #await(timeMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#broken('timeout'), timeMs)
  }

  #broken(reason: 'reset' | 'timeout', code?: string): void {
    this.#end({
      problem: {
        ...(this.#whole ? {kind: 'lost', reason} : {kind: 'unfinished', reason, sentBytes: this.#sentBytes}),
        ...(code !== undefined && {code}),
      },
    })
  }

  #end(outcome: UploadOutcome): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    this.#call.destroy()
    this.#socket.destroy()
    this.#settle(outcome)
  }
}

/** The file's disposition has to be the first of its headers (reference 2.6). */
function headOf({fields, filename}: UploadForm, boundary: string): string {
  const parts = fields.map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const disposition = `Content-Disposition: form-data; name="filename"; filename="${filename}"`
  return `${parts.join('')}--${boundary}\r\n${disposition}\r\nContent-Type: application/octet-stream\r\n\r\n`
}
