import {expect} from 'chai'
import https from 'node:https'
import type {IncomingMessage} from 'node:http'
import type {AddressInfo, Socket} from 'node:net'
import {WebSocketServer, type WebSocket} from 'ws'

import {Secret} from '../../../src/domain/secret.js'
import {openConnection, type Connection} from '../../../src/proxmox/connection.js'
import type {TerminalOptions} from '../../../src/proxmox/terminal.js'
import {selfSigned, type TestCertificate} from '../../helpers/certificate.js'

const TICKET = 'PVEVNC:6B017633::c2VjcmV0+/='

/** A server that opens websockets and keeps what they are told. */
interface Server {
  readonly url: string
  readonly requests: IncomingMessage[]
  readonly messages: string[]
  onMessage: (text: string, client: WebSocket, socket: Socket) => void
  /** The connection that was accepted last, below its TLS. */
  accepted: Socket | undefined
  close(): void
}

async function serve(certificate: TestCertificate, autoPong: boolean): Promise<Server> {
  const web = https.createServer({key: certificate.key, cert: certificate.cert})
  const sockets = new WebSocketServer({server: web, autoPong})
  const server: Server = {
    url: '',
    requests: [],
    messages: [],
    accepted: undefined,
    onMessage(text, client) {
      if (text.endsWith('\n')) client.send('OK')
    },
    close() {
      for (const client of sockets.clients) client.terminate()
      web.close()
    },
  }
  sockets.on('connection', (client, request) => {
    server.requests.push(request)
    client.on('error', () => {})
    client.on('message', (data: Buffer) => {
      const text = data.toString('utf8')
      server.messages.push(text)
      server.onMessage(text, client, request.socket)
    })
  })
  web.on('connection', (socket: Socket) => {
    server.accepted = socket
  })
  web.on('request', (request, response) => {
    server.requests.push(request)
    response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => {
    web.listen(0, '127.0.0.1', resolve)
  })
  return Object.assign(server, {url: `https://127.0.0.1:${(web.address() as AddressInfo).port}`})
}

describe('terminals', () => {
  let certificate: TestCertificate
  let server: Server
  let connection: Connection

  const connect = (fingerprint = certificate.fingerprint): Connection =>
    openConnection({
      endpoints: [server.url],
      trust: {kind: 'pin', fingerprint},
      credentials: {kind: 'token', id: 'root@pam!t', secret: new Secret('11111111-1111-4111-8111-111111111111')},
    })

  const join = (options: Partial<TerminalOptions> = {}) =>
    connection.joinTerminal(
      {endpoint: server.url, path: '/nodes/pve1/lxc/200', port: 5901, user: 'root@pam!t', ticket: new Secret(TICKET)},
      {onOutput() {}, ...options},
    )

  before(async () => {
    certificate = await selfSigned('localhost')
  })

  beforeEach(async () => {
    server = await serve(certificate, true)
    connection = connect()
  })

  afterEach(() => {
    connection.close()
    server.close()
  })

  it('are joined with a ticket, typed at, resized and left', async () => {
    server.onMessage = (text, client) => {
      // the answer may come in pieces, and with the first of what is shown
      if (text.startsWith('root@pam!t:')) for (const part of ['O', 'Klog', 'in: ']) client.send(Buffer.from(part))
    }
    let shown = ''
    const terminal = (await join({onOutput: (bytes) => void (shown += Buffer.from(bytes).toString())}))._unsafeUnwrap()!
    const [request] = server.requests
    expect(request?.url).to.equal(
      `/api2/json/nodes/pve1/lxc/200/vncwebsocket?port=5901&vncticket=${encodeURIComponent(TICKET)}`,
    )
    expect(request?.headers).to.include({
      authorization: 'PVEAPIToken=root@pam!t=11111111-1111-4111-8111-111111111111',
      'sec-websocket-protocol': 'binary',
      'sec-websocket-version': '13',
    })
    expect(request?.headers).not.to.have.property('sec-websocket-extensions')
    await terminal.write(Buffer.from('ü\r'))
    terminal.resize({columns: 132, rows: 43})
    await terminal.write(Buffer.from('x'.repeat(70_000)))
    await terminal.close()
    expect(await terminal.closed).to.equal('ended')
    expect(shown).to.equal('login: ')
    expect(server.messages.slice(0, 3)).to.deep.equal([`root@pam!t:${TICKET}\n`, '0:3:ü\r', '1:132:43:'])
    expect(server.messages.slice(3).map((text) => [text.length, text.slice(0, 8)])).to.deep.equal([
      [65_544, '0:65536:'],
      [4471, '0:4464:x'],
    ])
  })

  it('stay connected by asking for signs of life, and are lost without one', async () => {
    const terminal = (await join({keepAliveMs: 50}))._unsafeUnwrap()!
    while (server.messages.filter((text) => text === '2').length < 4) await new Promise(setImmediate)
    await terminal.close()
    server.close()
    server = await serve(certificate, false)
    connection.close()
    connection = connect()
    const silent = (await join({keepAliveMs: 20}))._unsafeUnwrap()!
    expect(await silent.closed).to.equal('lost')
  })

  it('end, or are lost, as their connection does', async () => {
    server.onMessage = (text, client, socket) => {
      if (text.startsWith('root')) client.send('OK')
      else if (text === '0:1:e') socket.end()
      else if (text === '0:1:r') server.accepted?.resetAndDestroy()
    }
    for (const [key, end] of [
      ['e', 'ended'],
      ['r', 'lost'],
    ] as const) {
      const terminal = (await join())._unsafeUnwrap()!
      await terminal.write(Buffer.from(key))
      expect(await terminal.closed).to.equal(end)
    }
  })

  it('are not there when the ticket is turned down', async () => {
    for (const refuse of [(client: WebSocket) => client.send('NO'), (client: WebSocket) => client.terminate()]) {
      server.onMessage = (_text, client) => refuse(client)
      expect((await join())._unsafeUnwrap()).to.equal(undefined)
    }
  })

  it('are told nothing by a connection to somebody else', async () => {
    connection.close()
    connection = connect(certificate.fingerprint.replace(/^../, (first) => (first === '00' ? '11' : '00')))
    const error = (await join())._unsafeUnwrapErr()
    expect(error.problem.kind).to.equal('certificate-changed')
    expect(server.requests).to.deep.equal([])
    expect(JSON.stringify(error) + error.stack).not.to.contain('c2VjcmV0')
  })

  it('say what they were waiting for when they are given up', async () => {
    const abort = new AbortController()
    abort.abort()
    expect((await join({signal: abort.signal}))._unsafeUnwrapErr().problem).to.include({kind: 'aborted'})
    expect(server.messages).to.deep.equal([])
    server.close()
    const gone = (await join())._unsafeUnwrapErr()
    expect(gone.problem).to.include({kind: 'not-connected', reason: 'refused'})
    expect(gone.message).to.contain(`${server.url} refused the connection`)
    expect(gone.message).not.to.contain('vncticket')
  })
})
