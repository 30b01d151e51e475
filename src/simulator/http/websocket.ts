import {createHash} from 'node:crypto'

import type {IncomingHttpHeaders} from 'node:http'
import type {Duplex} from 'node:stream'

/** RFC 6455, section 1.3. */
const HANDSHAKE_ID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** The largest payload the server takes, and the largest it sends (reference 2.7). */
const MAX_PAYLOAD = 128 * 1024

const TEXT = 0x1
const BINARY = 0x2
const CLOSE = 0x8
const PING = 0x9
const PONG = 0xa
const LAST = 0x80

/** Why the server does not speak this client's kind of websocket; undefined when it does. */
export function handshakeRefusal(headers: IncomingHttpHeaders): string | undefined {
  const upgrade = headers.upgrade?.toLowerCase()
  if (upgrade !== 'websocket') return `unable to upgrade to protocol '${upgrade}'`
  const version = headers['sec-websocket-version']
  if (version !== '13') return `unsupported websocket-version '${version ?? ''}'`
  const protocols = headers['sec-websocket-protocol']
  if (protocols === undefined) return 'missing websocket-protocol header'
  if (!protocols.split(/[\s,;]+/).includes('binary')) return `unsupported websocket-protocol protocol '${protocols}'`
  return headers['sec-websocket-key'] === undefined ? 'missing websocket-key' : undefined
}

/** Goes on as a websocket with what a port leads to; where nobody listens any more the connection ends without a word. */
export function openWebsocket(
  {headers}: {readonly headers: IncomingHttpHeaders},
  socket: Duplex,
  head: Buffer,
  backend: Duplex | undefined,
): void {
  if (!backend) {
    socket.destroy()
    return
  }

  socket.write(handshakeAnswer(headers))
  joinWebsocket(socket, head, backend)
}

/** The answer to a handshake without a fault. */
function handshakeAnswer(headers: IncomingHttpHeaders): string {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${HANDSHAKE_ID}`).digest('base64')
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    'Sec-WebSocket-Protocol: binary',
    '\r\n',
  ].join('\r\n')
}

/**
 * Passes bytes between a websocket and what it leads to, until one of them ends. The server sends no close frame: neither as an answer to one, nor when the
 * other side has ended. A frame it does not take ends the connection.
 */
function joinWebsocket(socket: Duplex, head: Buffer, backend: Duplex): void {
  const end = (): void => {
    backend.end()
    socket.end()
  }

  const frames = new FrameReader()
  const take = (bytes: Buffer): void => {
    let received: Frame[]
    try {
      received = frames.push(bytes)
    } catch {
      backend.end()
      socket.destroy()
      return
    }

    for (const {opcode, payload} of received) {
      if (opcode === TEXT || opcode === BINARY) backend.write(payload)
      else if (opcode === PING) socket.write(encodeFrame(PONG, payload))
      else if (opcode === CLOSE) end()
    }
  }

  backend.on('data', (bytes: Buffer) => {
    for (let at = 0; at < bytes.length; at += MAX_PAYLOAD)
      socket.write(encodeFrame(BINARY, bytes.subarray(at, at + MAX_PAYLOAD)))
  })
  for (const event of ['end', 'close']) {
    backend.once(event, end)
    socket.once(event, end)
  }

  socket.on('error', end)
  take(head)
  socket.on('data', take)
}

interface Frame {
  readonly opcode: number
  readonly payload: Buffer
}

/** An unmasked frame, whole. */
function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const {length} = payload
  if (length <= 125) return Buffer.concat([Buffer.from([LAST | opcode, length]), payload])
  if (length <= 0xffff) {
    const header = Buffer.from([LAST | opcode, 126, 0, 0])
    header.writeUInt16BE(length, 2)
    return Buffer.concat([header, payload])
  }

  const header = Buffer.alloc(10)
  header.set([LAST | opcode, 127])
  header.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([header, payload])
}

/** Takes frames out of what a client sends. */
export class FrameReader {
  private buffer: Buffer = Buffer.alloc(0)

  /** @throws Error for a frame the server refuses: a fragment, one with reserved bits, without a mask, too large, or of an unknown kind */
  push(bytes: Buffer): Frame[] {
    this.buffer = Buffer.concat([this.buffer, bytes])
    const frames: Frame[] = []
    for (let frame = this.next(); frame; frame = this.next()) frames.push(frame)
    return frames
  }

  private next(): Frame | undefined {
    const {buffer} = this
    if (buffer.length < 2) return undefined
    const [first, second] = buffer as unknown as [number, number]
    if ((first & LAST) === 0) throw new Error('received fragmented websocket frame')
    if ((first & 0x70) !== 0) throw new Error('received websocket frame with RSV flags')
    if ((second & 0x80) === 0) throw new Error('received unmasked websocket frame from client')
    const short = second & 0x7f
    const start = short === 127 ? 10 : short === 126 ? 4 : 2
    if (buffer.length < start) return undefined
    const length = short === 127 ? Number(buffer.readBigUInt64BE(2)) : short === 126 ? buffer.readUInt16BE(2) : short
    if (length > MAX_PAYLOAD) throw new Error(`received too large websocket frame (len = ${length})`)
    if (buffer.length < start + 4 + length) return undefined
    const opcode = first & 0x0f
    if (![TEXT, BINARY, CLOSE, PING, PONG].includes(opcode))
      throw new Error(`received unhandled websocket opcode ${opcode}`)
    const mask = buffer.subarray(start, start + 4)
    const payload = Buffer.from(buffer.subarray(start + 4, start + 4 + length))
    for (let at = 0; at < length; at++) payload[at]! ^= mask[at % 4]!
    this.buffer = buffer.subarray(start + 4 + length)
    return {opcode, payload}
  }
}
