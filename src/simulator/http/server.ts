import http from 'node:http'
import https from 'node:https'
import net from 'node:net'

import {authenticate, AuthenticationError} from '../access/authenticate.js'
import {PveError} from '../kernel/pve-error.js'
import {ProxyError} from '../kernel/router.js'
import {apiFailure, type Answer, type AnswerTexts, encode, type Format, refusal, statusText, success} from './answer.js'
import {decodeBody, decodeForm, HttpError, type RawParameters} from './body.js'
import {receiveUpload} from './multipart.js'
import {type Address, checkProtocol, decodePath, hasBody, readBody, splitAddress, splitOnce} from './request.js'
import {handshakeRefusal, openWebsocket} from './websocket.js'

import type {Duplex} from 'node:stream'
import type {SchemaMatch} from '../../schema/schema.js'
import type {Upload} from '../kernel/call.js'
import type {ApiResult, Router} from '../kernel/router.js'
import type {World} from '../kernel/world.js'
import type {Certificate} from './certificate.js'
import type {Download} from '../kernel/call.js'

const IDLE_MS = 5000
const MAX_BODY = 512 * 1024
/** Above what Proxmox takes, so that the refusal can be in its words. */
const PARSER_HEADER_BYTES = 64 * 1024
const REQUESTS_PER_CONNECTION = 100
/** A refused authentication is answered so many seconds later. */
const REFUSAL_DELAY = 3
const FORMATS: ReadonlySet<string> = new Set(['extjs', 'json'])
const UPLOAD_PATH = /^\/nodes\/[^/]+\/storage\/[^/]+\/upload$/
const WEBSOCKET_PATH = /websocket$/
const TLS_HANDSHAKE = 0x16

/** What happens to a connection before or after its request is acted on; for tests of clients. */
export interface Interference {
  before?(request: InterferedRequest): Promise<Interruption | undefined> | Interruption | undefined
}

/** A request that has arrived. */
export interface InterferedRequest {
  readonly method: string
  /** Raw, `/api2/json/…`, without the query. */
  readonly path: string
  /** The node that was asked. */
  readonly via: string
}

export interface Interruption {
  /** Answer this without acting. */
  readonly answer?: Answer
  /** Act, and answer this instead of what came of it. */
  readonly replace?: Answer
  /** Waited for before acting. */
  readonly holdRequest?: () => Promise<void>
  /** Waited for before answering. */
  readonly holdAnswer?: () => Promise<void>
  /** Cut the connection, before or after acting. */
  readonly drop?: 'after' | 'before'
  /** Send only the first half of the body. */
  readonly truncate?: boolean
}

export interface NodeServerOptions {
  readonly node: string
  readonly host: string
  readonly port: number
  readonly certificate: Certificate
  /** The world of this moment; a reset replaces it. */
  readonly world: () => World
  readonly router: Router
  readonly interference?: Interference
}

/** The API server of one node: HTTPS, and on the same port a redirect for plain HTTP. */
export class NodeServer {
  /** Whose server it is. A reset to another fixture may give the same address to another node. */
  node: string
  private readonly secure: https.Server
  private readonly plain: http.Server
  private readonly listener: net.Server
  private readonly sockets = new Set<net.Socket>()
  private readonly requests = new WeakMap<net.Socket, number>()
  private readonly texts: AnswerTexts = new WeakMap()

  /** What it presents now. */
  certificate: Certificate

  constructor(private readonly options: NodeServerOptions) {
    this.node = options.node
    this.certificate = options.certificate
    const limits = {maxHeaderSize: PARSER_HEADER_BYTES, keepAliveTimeout: IDLE_MS, requestTimeout: 0}
    this.secure = https.createServer(
      {...limits, key: options.certificate.key, cert: options.certificate.cert},
      (request, response) => {
        void this.serve(request, response)
      },
    )
    this.secure.on('upgrade', (request, socket, head) => void this.serveUpgrade(request, socket, head))
    // the count is limited in serve(), where it can be refused in Proxmox's words
    this.secure.maxHeadersCount = 0
    this.plain = http.createServer(limits, (request, response) => redirect(request, response))
    this.listener = net.createServer({noDelay: true}, (socket) => this.accept(socket))
  }

  get port(): number {
    return (this.listener.address() as net.AddressInfo).port
  }

  get url(): string {
    return `https://${this.options.host}:${this.port}`
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.listener.once('error', reject)
      this.listener.listen(this.options.port, this.options.host, () => {
        this.listener.off('error', reject)
        resolve()
      })
    })
  }

  /** Presents another certificate from now on, and cuts the connections that know the old one. */
  setCertificate(certificate: Certificate): void {
    this.certificate = certificate
    this.secure.setSecureContext({key: certificate.key, cert: certificate.cert})
    for (const socket of this.sockets) socket.destroy()
  }

  /** Stops listening and cuts every connection. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.listener.close(() => resolve())
    })
    for (const socket of this.sockets) socket.destroy()
    await closed
  }

  /** Looks at the first byte of a connection to tell TLS from plain HTTP. */
  private accept(socket: net.Socket): void {
    if (!this.isUp()) {
      socket.on('error', () => {})
      socket.resetAndDestroy()
      return
    }

    this.sockets.add(socket)
    socket.once('close', () => this.sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.once('data', (first) => {
      socket.pause()
      socket.unshift(first)
      ;(first[0] === TLS_HANDSHAKE ? this.secure : this.plain).emit('connection', socket)
      setImmediate(() => socket.resume())
    })
  }

  /** Whether the machine has power and its API answers. */
  private isUp(): boolean {
    const world = this.options.world()
    const node = world.store.of('nodes').get(this.node)
    return node === undefined || (node.power !== 'off' && !world.isStarting(node))
  }

  /** A request that wants to go on as something else: as a websocket where there is one, or answered as if it had not said so. */
  private async serveUpgrade(request: http.IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy())
    if (request.method !== 'GET') {
      socket.destroy()
      return
    }

    const response = new http.ServerResponse(request)
    response.assignSocket(socket as net.Socket)
    response.shouldKeepAlive = false
    response.once('finish', () => socket.end())
    await this.serve(request, response, (answer) => {
      if (!WEBSOCKET_PATH.test(splitOnce(request.url ?? '', '?')[0])) return answer
      const refusal = handshakeRefusal(request.headers)
      if (refusal !== undefined)
        return apiFailure(new PveError(501, refusal), 'json', {
          release: this.options.world().release,
          isProtected: false,
        })
      if (answer.status !== 200) return answer
      response.detachSocket(socket as net.Socket)
      const {data} = JSON.parse(answer.body) as {data: {port: string}}
      openWebsocket(request, socket, head, this.options.world().consoles.ports.connect(this.node, Number(data.port)))
      return undefined
    })
  }

  /** @param conclude makes of the answer what is sent; undefined: it has seen to everything */
  private async serve(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    conclude: (answer: Answer) => Answer | undefined = (answer) => answer,
  ): Promise<void> {
    // Connections of before the power went end with it.
    if (!this.isUp()) {
      request.socket.destroy()
      return
    }

    const method = request.method ?? 'GET'
    const [rawPath = '/', query = ''] = splitOnce(request.url ?? '/', '?')
    const interruption = await this.options.interference?.before?.({method, path: rawPath, via: this.node})
    await interruption?.holdRequest?.()
    if (interruption?.drop === 'before') {
      request.socket.destroy()
      return
    }

    const outcome = interruption?.answer ?? this.respond(request, method, rawPath, query)
    const answer = outcome instanceof Promise ? await outcome : outcome
    this.options.world().store.flush()
    await interruption?.holdAnswer?.()
    if (answer === undefined || interruption?.drop === 'after') {
      request.socket.destroy()
      return
    }

    const instead = interruption?.replace ?? interruption?.answer
    const last = instead ?? conclude(answer)
    if (last) this.send(request, response, last, interruption?.truncate ?? false)
  }

  /** The answer to a request, or undefined when the connection is cut without one. */
  private respond(
    request: http.IncomingMessage,
    method: string,
    rawPath: string,
    query: string,
  ): Answer | Promise<Answer | undefined> | undefined {
    try {
      checkProtocol(request, method)
      const path = decodePath(rawPath)
      const address = splitAddress(path)
      if (!hasBody(method)) return this.answerApi(request, {...address, method, params: decodeForm(query)})
      return this.answerWithBody(request, {...address, method}, query).catch((error: unknown) =>
        // Whoever hangs up in the middle of a body gets no answer.
        request.socket.destroyed ? undefined : refuse(error),
      )
    } catch (error) {
      return refuse(error)
    }
  }

  private async answerWithBody(
    request: http.IncomingMessage,
    address: Address & {method: string},
    query: string,
  ): Promise<Answer | undefined> {
    if (address.method === 'POST' && UPLOAD_PATH.test(address.path)) return this.answerUpload(request, address, query)
    const body = await readBody(request, MAX_BODY)
    const user = this.login(request, address)
    if (typeof user === 'object') return user.refused
    const params = {...decodeBody(body, request.headers['content-type']), ...decodeForm(query)}
    return this.call({...address, params, user, found: undefined})
  }

  private async answerUpload(
    request: http.IncomingMessage,
    address: Address & {method: string},
    query: string,
  ): Promise<Answer | undefined> {
    const user = this.login(request, address, true)
    if (typeof user === 'object') return user.refused
    const isMultipart = request.headers['content-type']?.startsWith('multipart/form-data') ?? false
    const world = this.options.world()
    const params: RawParameters = {
      ...(!isMultipart && decodeBody(await readBody(request, MAX_BODY), request.headers['content-type'])),
      ...decodeForm(query),
    }
    const found = this.options.router.match(world, address)
    try {
      const merged = this.options.router.checkPermission(world, {...address, params, user, via: this.node}, found)
      if (!isMultipart) {
        this.options.router.checkParameters(merged, found)
        // a form can name a file, but not bring it: the connection ends without a word
        return undefined
      }
    } catch (error) {
      if (!isMultipart) return apiFailure(error, 'json', {release: world.release, isProtected: false})
      // the receiving server refuses before it reads on, without the words of the API
      const refused = apiFailure(error, 'json', {release: world.release, isProtected: false})
      return {status: refused.status, reason: refused.reason, body: ''}
    }

    const {fields, upload} = await receiveUpload(request)
    return this.call({...address, params: {...params, ...fields}, user, found, upload})
  }

  private answerApi(
    request: http.IncomingMessage,
    call: Address & {method: string; params: RawParameters},
  ): Answer | Promise<Answer> {
    const user = this.login(request, call)
    return typeof user === 'object' ? user.refused : this.call({...call, user, found: undefined})
  }

  /** Who calls: undefined for what is open to the world, or the delayed refusal. */
  private login(
    request: http.IncomingMessage,
    {method, path}: {method: string; path: string},
    isUpload = false,
  ): string | undefined | {refused: Promise<Answer>} {
    const world = this.options.world()
    if (world.schema.match(method, path)?.method.permissions?.user === 'world') return undefined
    try {
      const {authorization, cookie} = request.headers
      const csrfToken = request.headers.csrfpreventiontoken
      const credentials = {authorization, cookie, csrfToken: typeof csrfToken === 'string' ? csrfToken : undefined}
      return authenticate(world, credentials, method !== 'GET' && !isUpload)
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error
      return {
        refused: world.clock
          .sleep(REFUSAL_DELAY, {lasting: true})
          .then(() => ({status: 401, reason: error.message, body: ''})),
      }
    }
  }

  private call(
    call: Address & {
      method: string
      params: RawParameters
      user: string | undefined
      found: SchemaMatch | undefined
      upload?: Upload
    },
  ): Answer | Promise<Answer> {
    const world = this.options.world()
    const {format, path} = call
    if (!FORMATS.has(format)) {
      const reason = `no formatter for uri ${path}, ${format}`
      throw new HttpError(501, reason, reason)
    }

    let found: SchemaMatch | undefined
    const fail = (error: unknown): Answer | Promise<Answer> => {
      if (error instanceof HttpError || error instanceof ProxyError) return refusal(error)
      const answer = apiFailure(error, format as Format, {
        release: world.release,
        isProtected: found?.method.protected ?? false,
      })
      return answer.status === 401 ? world.clock.sleep(REFUSAL_DELAY, {lasting: true}).then(() => answer) : answer
    }

    const finish = (result: ApiResult | Download): Answer => success(result, format as Format, this.texts)
    try {
      found = call.found ?? this.options.router.match(world, call)
      const result = this.options.router.handle(world, {...call, via: this.node}, found)
      return result instanceof Promise ? result.then(finish, fail) : finish(result)
    } catch (error) {
      return fail(error)
    }
  }

  private send(request: http.IncomingMessage, response: http.ServerResponse, answer: Answer, truncate: boolean): void {
    const {bytes, encoding} = encode(answer.body, request.headers['accept-encoding'])
    const count = (this.requests.get(request.socket) ?? 0) + 1
    this.requests.set(request.socket, count)
    if (answer.status >= 400 || count >= REQUESTS_PER_CONNECTION) response.shouldKeepAlive = false
    const headers: http.OutgoingHttpHeaders = {
      'Cache-Control': 'max-age=0',
      Pragma: 'no-cache',
      Server: 'pve-api-daemon/3.0',
      'Content-Length': bytes.length,
    }
    if (answer.contentType !== undefined) headers['Content-Type'] = answer.contentType
    if (encoding !== undefined) headers['Content-Encoding'] = encoding
    response.writeHead(answer.status, statusText(answer.reason), headers)
    if (truncate) response.write(bytes.subarray(0, bytes.length >> 1), () => request.socket.destroy())
    else response.end(bytes)
  }
}

function refuse(error: unknown): Answer {
  if (error instanceof HttpError || error instanceof ProxyError) return refusal(error)
  throw error
}

function redirect(request: http.IncomingMessage, response: http.ServerResponse): void {
  const moved = request.method === 'GET'
  const reason = moved ? 'Moved Permanently' : 'Permanent Redirect'
  const body = Buffer.from(reason)
  response.writeHead(moved ? 301 : 308, reason, {
    Location: `https://${request.headers.host ?? ''}${request.url ?? '/'}`,
    'Content-Length': body.length,
    Connection: 'close',
  })
  response.end(body)
}
