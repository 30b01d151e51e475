import {expect} from 'chai'
import {createHash} from 'node:crypto'
import https from 'node:https'
import type {IncomingMessage, ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'

import type {ByteSource} from '../../../src/domain/byte-source.js'
import {Secret} from '../../../src/domain/secret.js'
import {openConnection, type Connection} from '../../../src/proxmox/connection.js'
import type {UploadForm} from '../../../src/proxmox/upload.js'
import {selfSigned, type TestCertificate} from '../../helpers/certificate.js'
import {answer, httpsServer} from '../../helpers/https-server.js'

const MIB = 2 ** 20
const UPID = 'UPID:pve1:00000B39:000A4CE3:6B017633:imgcopy::root@pam:'
const PATH = '/nodes/pve1/storage/local/upload'

describe('upload', () => {
  let certificate: TestCertificate
  const open: {close(): unknown}[] = []

  before(async () => {
    certificate = await selfSigned('127.0.0.1')
  })

  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close()
  })

  const connect = (url: string, timeoutMs = 5000): Connection => {
    const connection = openConnection({
      endpoints: [url],
      trust: {kind: 'pin', fingerprint: certificate.fingerprint},
      credentials: {kind: 'token', id: 'automation@pve!homelab', secret: new Secret('not-so-secret')},
      timeoutMs,
    })
    open.push(connection)
    return connection
  }

  const serve = async (handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> => {
    const server = https.createServer({key: certificate.key, cert: certificate.cert}, handler)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    open.push({
      close() {
        server.closeAllConnections()
        server.close()
      },
    })
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  const form = (source: ByteSource, fields: UploadForm['fields'] = [['content', 'iso']]): UploadForm => ({
    fields,
    filename: 'a.iso',
    source,
  })
  const text = (...pieces: string[]): ByteSource => ({
    sizeBytes: pieces.join('').length,
    async *pieces() {
      for (const piece of pieces) yield Buffer.from(piece)
    },
  })

  it('sends the fields in their order, the file last, with the length of all of it', async () => {
    const server = await httpsServer(certificate, (_request, response) => answer(response, 200, {data: UPID}))
    open.push(server)
    const fields = [
      ['content', 'iso'],
      ['checksum-algorithm', 'md5'],
      ['checksum', 'abc'],
    ] as const
    const sent: number[] = []
    const reply = await connect(server.url).upload(PATH, form(text('one ', 'two'), fields), {
      onSent: (bytes) => sent.push(bytes),
    })
    expect(reply._unsafeUnwrap().data).to.equal(UPID)
    expect(sent).to.deep.equal([4, 7])
    const [{body, headers, method, url}] = server.received as [(typeof server.received)[0]]
    expect([method, url]).to.deep.equal(['POST', `/api2/json${PATH}`])
    const boundary = /^multipart\/form-data; boundary=([\w-]+)$/.exec(headers['content-type'] ?? '')?.[1] ?? ''
    expect(body).to.equal(
      [
        `--${boundary}\r\nContent-Disposition: form-data; name="content"\r\n\r\niso\r\n`,
        `--${boundary}\r\nContent-Disposition: form-data; name="checksum-algorithm"\r\n\r\nmd5\r\n`,
        `--${boundary}\r\nContent-Disposition: form-data; name="checksum"\r\n\r\nabc\r\n`,
        `--${boundary}\r\nContent-Disposition: form-data; name="filename"; filename="a.iso"\r\n`,
        `Content-Type: application/octet-stream\r\n\r\none two\r\n--${boundary}--\r\n`,
      ].join(''),
    )
    expect(headers['content-length']).to.equal(String(body.length))
    expect(headers['transfer-encoding']).to.equal(undefined)
    expect(headers.authorization).to.equal('PVEAPIToken=automation@pve!homelab=not-so-secret')
  })

  it('asks for more of the file only as fast as the server takes it', async () => {
    const size = 64 * MIB
    let asked = 0
    const source: ByteSource = {
      sizeBytes: size,
      async *pieces() {
        for (; asked < size; asked += MIB) yield Buffer.alloc(MIB, asked / MIB)
      },
    }
    let take: (() => void) | undefined
    const hash = createHash('sha256')
    const url = await serve((request, response) => {
      take = () => {
        request.on('data', (chunk: Buffer) => hash.update(chunk))
        request.on('end', () => answer(response, 200, {data: UPID}))
      }
    })
    const sending = connect(url).upload(PATH, form(source))
    // Until nothing moves any more: what is asked for by then lies in buffers.
    for (let before = -1; asked !== before || take === undefined;) {
      before = asked
      await new Promise((resolve) => setTimeout(resolve, 100))
    }

    const buffered = asked
    take()
    expect((await sending)._unsafeUnwrap().data).to.equal(UPID)
    expect(asked).to.equal(size)
    // What two sockets of the system hold at most; nothing of it grows with the file.
    expect(buffered).to.be.lessThan(20 * MIB)
  })

  it('takes a refusal that comes before the end, and sends no more', async () => {
    let arrived = 0
    const url = await serve((request, response) => {
      request.on('data', (chunk: Buffer) => {
        arrived += chunk.length
      })
      request.once('data', () => answer(response, 403, undefined, 'Permission check failed'))
    })
    const endless: ByteSource = {
      sizeBytes: 2 ** 40,
      async *pieces() {
        for (;;) {
          yield Buffer.alloc(1000)
          await new Promise(setImmediate)
        }
      },
    }
    const {problem} = (await connect(url).upload(PATH, form(endless)))._unsafeUnwrapErr()
    expect(problem).to.include({kind: 'status', status: 403, text: 'Permission check failed'})
    expect(arrived).to.be.lessThan(50 * MIB)
  })

  it('that has another length than was said is not ended', async () => {
    for (const sizeBytes of [6, 8]) {
      let whole = false
      const url = await serve((request) => request.resume().on('end', () => (whole = request.complete)))
      const refused = await connect(url).upload(PATH, form({...text('one ', 'two'), sizeBytes}))
      const {problem, provablyNotDone} = refused._unsafeUnwrapErr()
      expect(problem.kind).to.equal('source')
      expect(provablyNotDone).to.equal(true)
      expect(whole).to.equal(false)
    }
  })

  it('knows whether the server may have acted when no answer comes', async () => {
    const silent = await serve((request) => request.resume())
    const lost = (await connect(silent, 100).upload(PATH, form(text('one'))))._unsafeUnwrapErr()
    expect(lost.problem).to.include({kind: 'lost', reason: 'timeout'})
    expect(lost.provablyNotDone).to.equal(false)

    const gone = await serve((request) => request.socket.destroy())
    const stuck: ByteSource = {
      sizeBytes: MIB,
      async *pieces() {
        yield Buffer.alloc(MIB / 2)
        await new Promise((resolve) => setTimeout(resolve, 500))
        yield Buffer.alloc(MIB / 2)
      },
    }
    const cut = (await connect(gone).upload(PATH, form(stuck)))._unsafeUnwrapErr()
    expect(cut.problem.kind).to.equal('unfinished')
    expect(cut.provablyNotDone).to.equal(true)
  })

  it('goes to no server with another certificate, and through the next endpoint where one takes no connection', async () => {
    const server = await httpsServer(certificate, (_request, response) => answer(response, 200, {data: UPID}))
    open.push(server)
    const settings = {credentials: {kind: 'token', id: 'a@pve!b', secret: new Secret('c')}} as const
    const wrong = openConnection({
      ...settings,
      endpoints: [server.url],
      trust: {kind: 'pin', fingerprint: Array.from({length: 32}, () => 'AA').join(':')},
    })
    expect((await wrong.upload(PATH, form(text('one'))))._unsafeUnwrapErr().problem.kind).to.equal(
      'certificate-changed',
    )
    const second = openConnection({
      ...settings,
      endpoints: [{url: 'https://127.0.0.1:1', fingerprint: certificate.fingerprint}, server.url],
      trust: {kind: 'pin', fingerprint: certificate.fingerprint},
    })
    open.push(wrong, second)
    expect((await second.upload(PATH, form(text('one'))))._unsafeUnwrap().data).to.equal(UPID)
    expect(server.received).to.have.length(1)
  })

  it('ends with the connection', async () => {
    const url = await serve(() => {})
    const connection = connect(url)
    const sending = connection.upload(
      PATH,
      form({
        ...text('one'),
        sizeBytes: 10 * MIB,
        async *pieces() {
          for (let at = 0; at < 10; at++) yield Buffer.alloc(MIB)
        },
      }),
    )
    await new Promise((resolve) => setTimeout(resolve, 100))
    connection.close()
    expect((await sending)._unsafeUnwrapErr().problem.kind).to.equal('aborted')
  })
})
