import https from 'node:https'
import type {IncomingMessage, ServerResponse} from 'node:http'
import type {AddressInfo, Socket} from 'node:net'

import type {TestCertificate} from './certificate.js'

/** A request as it arrived. */
export interface Received {
  readonly method: string
  /** With the query, as sent. */
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Which of the server's connections it came over, from 1. */
  readonly connection: number
}

export interface TestServer {
  readonly url: string
  readonly port: number
  /** What arrived, in order. */
  readonly received: Received[]
  /** Finished TLS handshakes. */
  readonly connections: () => number
  /** Accepted TCP connections. */
  readonly sockets: () => number
  close(): Promise<void>
}

export type Handler = (request: Received, response: ServerResponse, socket: Socket) => void

/** A small HTTPS server that keeps what it is asked. */
export async function httpsServer(
  certificate: TestCertificate,
  handler: Handler,
  {host = '127.0.0.1', port = 0}: {host?: string; port?: number} = {},
): Promise<TestServer> {
  const received: Received[] = []
  const open = new Set<Socket>()
  const numbers = new WeakMap<Socket, number>()
  let handshakes = 0
  let sockets = 0
  const server = https.createServer({key: certificate.key, cert: certificate.cert}, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const entry: Received = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        connection: numbers.get(request.socket) ?? 0,
      }
      received.push(entry)
      handler(entry, response, request.socket)
    })
  })
  server.on('connection', (socket: Socket) => {
    sockets++
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
  })
  server.on('secureConnection', (socket: Socket) => {
    handshakes++
    numbers.set(socket, handshakes)
    socket.on('error', () => {})
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  return {
    url: `https://${host}:${address.port}`,
    port: address.port,
    received,
    connections: () => handshakes,
    sockets: () => sockets,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}

/** Answers as Proxmox VE does: JSON with its content type, and a connection that ends after an error. */
export function answer(response: ServerResponse, status: number, body: unknown, reason?: string): void {
  response.writeHead(status, reason ?? '', {
    'content-type': 'application/json;charset=UTF-8',
    ...(status >= 400 && {connection: 'close'}),
  })
  response.end(body === undefined ? '' : JSON.stringify(body))
}
