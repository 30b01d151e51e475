import {expect} from 'chai'
import tls from 'node:tls'

import {startSimulator, type Simulator} from '../../src/simulator/start-simulator.js'
import {request} from '../helpers/simulator-client.js'

const PATH = '/nodes/pve1/lxc/200'

/** A frame as a client sends it. */
function frame(payload: Buffer, {first = 0x82, masked = true} = {}): Buffer {
  const header = payload.length > 125 ? Buffer.alloc(10) : Buffer.alloc(2)
  header[0] = first
  header[1] = (masked ? 0x80 : 0) | (payload.length > 125 ? 127 : payload.length)
  if (payload.length > 125) header.writeBigUInt64BE(BigInt(payload.length), 2)
  const mask = Buffer.from([1, 2, 3, 4])
  const body = masked ? Buffer.from(payload.map((byte, at) => byte ^ mask[at % 4]!)) : payload
  return Buffer.concat([header, ...(masked ? [mask] : []), body])
}

describe('websockets of the simulator', () => {
  let simulator: Simulator
  let authorization: string

  before(async () => {
    simulator = await startSimulator({fixture: 'demo', speed: 1, pveVersion: '9.2'})
    authorization = `PVEAPIToken=${simulator.tokenId}=${simulator.tokenSecret}`
  })

  after(() => simulator.stop())

  /** Asks for a console, and for a websocket to it, byte by byte. */
  async function open(headers: Readonly<Record<string, string>> = {}) {
    const options = {url: simulator.url, headers: {authorization}}
    const reply = await request(options, 'POST', `${PATH}/termproxy`)
    const {port, ticket, upid, user} = reply.data as Record<'port' | 'ticket' | 'upid' | 'user', string>
    const {hostname, port: at} = new URL(simulator.url)
    const socket = tls.connect({host: hostname, port: Number(at), rejectUnauthorized: false})
    const all = {
      Host: 'x',
      Authorization: authorization,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Protocol': 'binary',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    }
    const lines = Object.entries(all).flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`]))
    const path = `/api2/json${PATH}/vncwebsocket?port=${port}&vncticket=${encodeURIComponent(ticket)}`
    socket.write([`GET ${path} HTTP/1.1`, ...lines, '\r\n'].join('\r\n'))
    let received = Buffer.alloc(0)
    const closed = new Promise<void>((resolve) => {
      socket.once('close', () => resolve())
    })
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes])
    })
    const sees = async (text: string): Promise<void> => {
      while (!received.includes(text, 0, 'latin1')) await new Promise(setImmediate)
    }

    return {socket, closed, sees, received: () => received.toString('latin1'), upid, login: `${user}:${ticket}\n`}
  }

  it('are opened by a handshake, answer pings, and close without a close frame', async () => {
    const {closed, login, received, sees, socket, upid} = await open()
    await sees('\r\n\r\n')
    expect(received()).to.match(/^HTTP\/1\.1 101 Switching Protocols\r\n/)
    expect(received()).to.contain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n')
    expect(received()).to.contain('Sec-WebSocket-Protocol: binary\r\n')
    socket.write(frame(Buffer.from(login)))
    await sees('login: ')
    expect(received()).to.contain('\u0082\u0002OK')
    socket.write(frame(Buffer.from('?'), {first: 0x89}))
    await sees('\u008A\u0001?')
    socket.write(frame(Buffer.alloc(2), {first: 0x88}))
    await closed
    expect(received()).not.to.contain('\u0088')
    await simulator.world.tasks.ended(upid)
    expect(simulator.world.tasks.get(upid)?.status).to.equal('OK')
  })

  const refused: [string, Buffer][] = [
    ['a fragment', frame(Buffer.from('2'), {first: 0x02})],
    ['reserved bits', frame(Buffer.from('2'), {first: 0xc2})],
    ['a frame without a mask', frame(Buffer.from('2'), {masked: false})],
    ['more than 128 KiB', frame(Buffer.alloc(128 * 1024 + 1))],
    ['an unknown kind of frame', frame(Buffer.from('2'), {first: 0x83})],
  ]
  for (const [what, bytes] of refused) {
    it(`are closed at ${what}`, async () => {
      const {closed, login, sees, socket} = await open()
      socket.write(frame(Buffer.from(login)))
      await sees('OK')
      socket.write(bytes)
      await closed
    })
  }

  it('take 128 KiB', async () => {
    const {login, sees, socket} = await open()
    socket.write(frame(Buffer.from(login)))
    await sees('OK')
    socket.write(frame(Buffer.from('2'.repeat(128 * 1024))))
    socket.write(frame(Buffer.from('?!'), {first: 0x89}))
    await sees('?!')
    socket.destroy()
  })

  for (const [headers, text] of [
    [{Upgrade: 'h2c'}, "unable to upgrade to protocol 'h2c'"],
    [{'Sec-WebSocket-Version': '8'}, "unsupported websocket-version '8'"],
    [{'Sec-WebSocket-Protocol': ''}, 'missing websocket-protocol header'],
    [{'Sec-WebSocket-Protocol': 'chat'}, "unsupported websocket-protocol protocol 'chat'"],
    [{'Sec-WebSocket-Key': ''}, 'missing websocket-key'],
  ] as const) {
    it(`are not opened: ${text}`, async () => {
      const {closed, received} = await open(headers as unknown as Record<string, string>)
      await closed
      expect(received()).to.match(/^HTTP\/1\.1 501 /)
      expect(received()).to.contain(text)
    })
  }

  it('are not opened for those who may not, and are an answer like any without an upgrade', async () => {
    const {closed, received} = await open({Authorization: ''})
    await closed
    expect(received()).to.match(/^HTTP\/1\.1 401 No ticket\r\n/)
    const plain = await open({Upgrade: '', Connection: 'close'})
    await plain.closed
    expect(plain.received()).to.match(/^HTTP\/1\.1 200 OK\r\n/)
    expect(plain.received()).to.match(/\{"data":\{"port":"59\d\d"\}\}$/)
  })
})
