import {expect} from 'chai'
import type {ServerResponse} from 'node:http'
import net from 'node:net'
import {inspect} from 'node:util'

import {Secret} from '../../../src/domain/secret.js'
import {openConnection, type Connection, type ConnectionDeps} from '../../../src/proxmox/connection.js'
import {RequestError} from '../../../src/proxmox/request-error.js'
import type {ConnectionSettings} from '../../../src/proxmox/settings.js'
import {selfSigned, type TestCertificate} from '../../helpers/certificate.js'
import {FakeClock} from '../../helpers/fake-clock.js'
import {answer, httpsServer, type Handler, type Received, type TestServer} from '../../helpers/https-server.js'

const TOKEN_SECRET = '8a5e7a3c-0000-4000-8000-secretsecret'

describe('connection', () => {
  let certificate: TestCertificate
  let clock: FakeClock
  const open: {close(): unknown}[] = []

  const serve = async (handler: Handler): Promise<TestServer> => {
    const server = await httpsServer(certificate, handler)
    open.push(server)
    return server
  }

  const connect = (url: string, settings: Partial<ConnectionSettings> = {}, deps: ConnectionDeps = {}): Connection => {
    const connection = openConnection(
      {
        endpoints: [url],
        trust: {kind: 'pin', fingerprint: certificate.fingerprint},
        credentials: {kind: 'token', id: 'automation@pve!homelab', secret: new Secret(TOKEN_SECRET)},
        ...settings,
      },
      {clock, random: () => 0.5, ...deps},
    )
    open.push(connection)
    return connection
  }

  before(async () => {
    certificate = await selfSigned('127.0.0.1')
  })

  beforeEach(() => {
    clock = new FakeClock()
  })

  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close()
  })

  describe('requests', () => {
    it('puts the parameters of GET and DELETE into the query, those of POST and PUT into the body', async () => {
      const server = await serve((_request, response) => answer(response, 200, {data: null}))
      const connection = connect(server.url)
      for (const method of ['get', 'delete', 'post', 'put'] as const) {
        await connection.request(method, '/nodes/pve1/qemu', {full: true, vms: ['a', 'b']})
      }

      const form = 'full=1&vms=a&vms=b'
      expect(server.received.map(({method, url, body}) => [method, url, body])).to.deep.equal([
        ['GET', `/api2/json/nodes/pve1/qemu?${form}`, ''],
        ['DELETE', `/api2/json/nodes/pve1/qemu?${form}`, ''],
        ['POST', '/api2/json/nodes/pve1/qemu', form],
        ['PUT', '/api2/json/nodes/pve1/qemu', form],
      ])
      for (const {method, headers} of server.received) {
        expect(headers['transfer-encoding'], method).to.equal(undefined)
        const hasBody = method === 'POST' || method === 'PUT'
        expect(headers['content-length'], method).to.equal(hasBody ? String(form.length) : undefined)
        expect(headers['content-type'], method).to.equal(hasBody ? 'application/x-www-form-urlencoded' : undefined)
        expect(headers.csrfpreventiontoken, method).to.equal(undefined)
      }
    })

    it('sends an empty body with its length when a write has no parameters', async () => {
      const server = await serve((_request, response) => answer(response, 200, {data: null}))
      await connect(server.url).request('post', '/nodes/pve1/qemu/100/status/start')
      expect(server.received[0]!.headers['content-length']).to.equal('0')
    })

    it('builds paths from the typed builder and gives the data', async () => {
      const server = await serve((_request, response) => answer(response, 200, {data: {ok: 1}, total: 1}))
      const {api} = connect(server.url)
      expect(await api.nodes.$('pve1').storage.$('local').content.$('local:iso/a?x#b%20c.iso').$get()).to.deep.equal({
        ok: 1,
      })
      expect(server.received[0]!.url).to.equal(
        '/api2/json/nodes/pve1/storage/local/content/local%3Aiso%2Fa%3Fx%23b%2520c.iso',
      )
    })

    it('refuses a path that climbs, without sending anything', async () => {
      const server = await serve((_request, response) => answer(response, 200, {data: null}))
      const {api} = connect(server.url)
      const error = await api.nodes
        .$('..')
        .qemu.$get()
        .then(
          () => undefined,
          (reason: unknown) => reason,
        )
      expect(error).to.be.instanceOf(RequestError).with.nested.property('problem.kind', 'invalid-path')
      expect(server.received).to.deep.equal([])
    })

    it('keeps total, changes and message', async () => {
      const server = await serve((_request, response) =>
        answer(response, 200, {data: [], total: 12, changes: '+x', message: 'm'}),
      )
      const reply = (await connect(server.url).request('get', '/nodes/pve1/network'))._unsafeUnwrap()
      expect(reply).to.deep.equal({data: [], total: 12, changes: '+x', message: 'm'})
    })

    it('keeps status, reason, message and errors of a refusal', async () => {
      const server = await serve((_request, response) =>
        answer(
          response,
          400,
          {data: null, errors: {vmid: 'bad\n'}, message: 'Parameter verification failed.\n'},
          'Parameter verification failed.',
        ),
      )
      const error = (await connect(server.url).request('post', '/nodes'))._unsafeUnwrapErr()
      expect(error.problem).to.deep.equal({
        kind: 'status',
        status: 400,
        reason: 'Parameter verification failed.',
        text: 'Parameter verification failed.',
        errors: {vmid: 'bad'},
      })
      expect(error.endpoint).to.equal(server.url)
    })

    it('takes the reason phrase of an answer without a body', async () => {
      const server = await serve((_request, response) => answer(response, 401, undefined, 'invalid token value!'))
      const error = (await connect(server.url).request('get', '/nodes'))._unsafeUnwrapErr()
      expect(error.problem).to.include({status: 401, text: 'invalid token value!'})
      expect(server.received, 'a token is not tried twice').to.have.length(1)
    })

    it('reads a large answer whole', async () => {
      const data = Array.from({length: 20_000}, (_, vmid) => ({vmid, name: `gäst-${vmid}`}))
      const server = await serve((_request, response) => answer(response, 200, {data}))
      expect((await connect(server.url).request('get', '/cluster/resources'))._unsafeUnwrap().data).to.deep.equal(data)
    })
  })

  describe('lost answers', () => {
    const dropping = (times: number): Handler => {
      let left = times
      return (_request, response, socket) => {
        if (left-- > 0) socket.destroy()
        else answer(response, 200, {data: 'at last'})
      }
    }

    it('repeats a GET, with growing pauses', async () => {
      const server = await serve(dropping(2))
      expect((await connect(server.url).request('get', '/nodes'))._unsafeUnwrap().data).to.equal('at last')
      expect(server.received).to.have.length(3)
      expect(clock.slept).to.deep.equal([187.5, 375])
    })

    it('gives a GET up after three attempts', async () => {
      const server = await serve(dropping(9))
      const error = (await connect(server.url).request('get', '/nodes'))._unsafeUnwrapErr()
      expect(error.problem).to.include({kind: 'lost', reason: 'reset'})
      expect(server.received).to.have.length(3)
    })

    for (const method of ['post', 'put', 'delete'] as const) {
      it(`never repeats a ${method.toUpperCase()}`, async () => {
        const server = await serve(dropping(9))
        const error = (await connect(server.url).request(method, '/nodes/pve1/qemu'))._unsafeUnwrapErr()
        expect(error.problem.kind).to.equal('lost')
        expect(error.provablyNotDone).to.equal(false)
        expect(server.received).to.have.length(1)
        expect(clock.slept).to.deep.equal([])
      })
    }

    it('never repeats a write over a kept connection that breaks after it was sent', async () => {
      let calls = 0
      const server = await serve((_request, response, socket) => {
        if (++calls === 1) answer(response, 200, {data: 1})
        else socket.destroy()
      })
      const connection = connect(server.url)
      await connection.request('get', '/version')
      const error = (await connection.request('post', '/nodes/pve1/qemu'))._unsafeUnwrapErr()
      expect(error.problem.kind).to.equal('lost')
      expect(server.received.map(({connection: number}) => number)).to.deep.equal([1, 1])
    })

    it('treats an answer that breaks off in the middle like none', async () => {
      const server = await serve((_request, response, socket) => {
        response.writeHead(200, {'content-type': 'application/json;charset=UTF-8', 'content-length': '1000'})
        response.write('{"data":', () => socket.destroy())
      })
      const connection = connect(server.url)
      expect((await connection.request('post', '/nodes'))._unsafeUnwrapErr().problem.kind).to.equal('lost')
      expect(server.received).to.have.length(1)
      expect((await connection.request('get', '/nodes'))._unsafeUnwrapErr().problem.kind).to.equal('lost')
      expect(server.received).to.have.length(4)
    })

    it('does not take broken JSON for an answer', async () => {
      const server = await serve((_request, response) => {
        response.writeHead(200, {'content-type': 'application/json;charset=UTF-8'})
        response.end('{"data":[1,')
      })
      const error = (await connect(server.url).request('get', '/nodes'))._unsafeUnwrapErr()
      expect(error.problem.kind).to.equal('protocol')
      expect(server.received).to.have.length(1)
    })

    for (const where of ['before the headers', 'in the body'] as const) {
      it(`gives up a silent server in time, ${where}`, async () => {
        const server = await serve((_request, response) => {
          if (where === 'in the body') {
            response.writeHead(200, {'content-type': 'application/json;charset=UTF-8'})
            response.write('{"data":')
          }
        })
        const connection = connect(server.url, {timeoutMs: 60, connectTimeoutMs: 100})
        const error = (await connection.request('post', '/nodes'))._unsafeUnwrapErr()
        expect(error.problem).to.deep.equal({kind: 'lost', reason: 'timeout'})
        expect(server.received).to.have.length(1)
        await connection.request('get', '/nodes')
        expect(server.received, 'a GET is sent once more').to.have.length(3)
      })
    }

    it('repeats a GET after 595, 596 and 599, and no write', async () => {
      for (const status of [595, 596, 599]) {
        let left = 1
        const server = await serve((_request, response) =>
          left-- > 0
            ? answer(response, status, undefined, 'Connection refused')
            : answer(response, 200, {data: status}),
        )
        const connection = connect(server.url)
        expect((await connection.request('get', '/nodes/pve2/status'))._unsafeUnwrap().data).to.equal(status)
        left = 1
        const error = (await connection.request('post', '/nodes/pve2/qemu'))._unsafeUnwrapErr()
        expect(error.problem).to.include({kind: 'status', status, text: 'Connection refused'})
        expect(server.received).to.have.length(3)
      }
    })
  })

  describe('connections', () => {
    it('keeps one connection for requests in a row', async () => {
      const server = await serve((_request, response) => answer(response, 200, {data: 1}))
      const connection = connect(server.url)
      for (let i = 0; i < 5; i++) await connection.request(i % 2 ? 'post' : 'get', '/version')
      expect(server.connections()).to.equal(1)
    })

    it('survives a server that closes kept connections', async () => {
      const server = await serve((_request, response, socket) => {
        answer(response, 200, {data: 1})
        response.on('finish', () => setTimeout(() => socket.end(), 5))
      })
      const connection = connect(server.url)
      for (let i = 0; i < 4; i++) {
        expect((await connection.request('post', '/nodes')).isOk(), String(i)).to.equal(true)
        await new Promise((resolve) => setTimeout(resolve, 40))
      }

      expect(server.received).to.have.length(4)
    })

    it('limits what is under way to what was set', async () => {
      let busy = 0
      let most = 0
      const waiting: ServerResponse[] = []
      const server = await serve((_request, response) => {
        most = Math.max(most, ++busy)
        waiting.push(response)
        setTimeout(() => {
          busy--
          answer(waiting.shift()!, 200, {data: 1})
        }, 10)
      })
      const connection = connect(server.url, {maxConnections: 3})
      const results = await Promise.all(Array.from({length: 12}, () => connection.request('get', '/version')))
      expect(results.filter((result) => result.isOk())).to.have.length(12)
      expect(most).to.equal(3)
    })

    it('says that nothing was sent when the port is closed, also for writes', async () => {
      const port = await closedPort()
      const error = (await connect(`https://127.0.0.1:${port}`).request('post', '/nodes'))._unsafeUnwrapErr()
      expect(error.problem).to.deep.equal({
        kind: 'not-connected',
        reason: 'refused',
        code: 'ECONNREFUSED',
        attempts: [{endpoint: `https://127.0.0.1:${port}`, reason: 'refused', code: 'ECONNREFUSED'}],
      })
      expect(error.provablyNotDone).to.equal(true)
      expect(clock.slept).to.have.length(2)
    })

    it('says so when the name has no address', async () => {
      const error = (await connect('https://nowhere.invalid').request('get', '/nodes'))._unsafeUnwrapErr()
      expect(error.problem).to.include({kind: 'not-connected', reason: 'dns'})
    })

    it('says so when something else than TLS answers', async () => {
      const plain = net.createServer((socket) => {
        socket.on('error', () => {})
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
      })
      await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
      open.push(plain)
      const {port} = plain.address() as net.AddressInfo
      const error = (await connect(`https://127.0.0.1:${port}`).request('get', '/nodes'))._unsafeUnwrapErr()
      expect(error.problem).to.include({kind: 'not-connected', reason: 'tls'})
    })

    it('waits no longer than the connect timeout for a host that is silent', async () => {
      const silent = net.createServer((socket) => socket.on('error', () => {}))
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
      open.push(silent)
      const {port} = silent.address() as net.AddressInfo
      const started = performance.now()
      const connection = connect(`https://127.0.0.1:${port}`, {connectTimeoutMs: 80})
      const error = (await connection.request('get', '/nodes'))._unsafeUnwrapErr()
      expect(error.problem).to.include({kind: 'not-connected', reason: 'timeout'})
      expect(performance.now() - started).to.be.lessThan(1000)
    })
  })

  describe('giving up', () => {
    it('ends a request under way when its signal is aborted, and says that it was sent', async () => {
      const abort = new AbortController()
      const server = await serve(() => abort.abort())
      const error = (await connect(server.url).request('post', '/nodes', {}, {signal: abort.signal}))._unsafeUnwrapErr()
      expect(error.problem).to.deep.equal({kind: 'aborted', sent: true})
    })

    it('sends nothing when the signal was aborted before', async () => {
      const server = await serve((_request, response) => answer(response, 200, {data: 1}))
      for (const deps of [{}, {signal: AbortSignal.abort()}]) {
        const options = 'signal' in deps ? {} : {signal: AbortSignal.abort()}
        const error = (await connect(server.url, {}, deps).request('post', '/nodes', {}, options))._unsafeUnwrapErr()
        expect(error.problem).to.deep.equal({kind: 'aborted', sent: false})
      }

      expect(server.received).to.deep.equal([])
    })

    it('ends everything under way when closed, and sends nothing afterwards', async () => {
      const holder: {connection?: Connection} = {}
      const server = await serve(() => holder.connection?.close())
      const connection = connect(server.url)
      holder.connection = connection
      expect((await connection.request('post', '/nodes')).isErr()).to.equal(true)
      const error = (await connection.request('get', '/nodes'))._unsafeUnwrapErr()
      expect(error.problem).to.deep.equal({kind: 'aborted', sent: false})
      expect(server.received).to.have.length(1)
    })

    it('leaves no listeners on the signals it was given', async () => {
      const {signal} = new AbortController()
      const added: string[] = []
      const add = signal.addEventListener.bind(signal)
      const remove = signal.removeEventListener.bind(signal)
      signal.addEventListener = ((type: string, ...rest: [() => void]) => (
        added.push(type),
        add(type, ...rest)
      )) as typeof add
      signal.removeEventListener = ((type: string, ...rest: [() => void]) => (
        added.pop(),
        remove(type, ...rest)
      )) as typeof remove
      const server = await serve((_request, response) => answer(response, 200, {data: 1}))
      const connection = connect(server.url, {}, {signal})
      for (let i = 0; i < 3; i++) await connection.request('get', '/version')
      expect(added).to.deep.equal([])
    })
  })

  describe('secrets', () => {
    const mirror: Handler = (request: Received, response) =>
      answer(response, 500, {
        data: null,
        message: `refused: ${decodeURIComponent(request.body)} ${request.headers.authorization}`,
        errors: {x: request.body},
      })

    it('shows none when inspected or printed', async () => {
      const server = await serve((_request, response) => answer(response, 200, {data: 1}))
      const connection = connect(server.url)
      await connection.request('get', '/version')
      const shown = [
        inspect(connection, {depth: 20, showHidden: true}),
        inspect(connection.api, {depth: 20}),
        inspect(connection.api.nodes.$('pve1').qemu, {depth: 20, showHidden: true}),
        JSON.stringify(connection.endpoints),
      ]
      for (const text of shown) expect(text).to.not.include(TOKEN_SECRET)
    })

    it('shows none in errors, even when the server quotes them', async () => {
      const server = await serve(mirror)
      const error = (
        await connect(server.url).request('post', '/nodes', {cipassword: 'hunter22', value: 'other&secret'})
      )._unsafeUnwrapErr()
      const shown = [
        inspect(error, {depth: 20, showHidden: true}),
        JSON.stringify(error),
        error.message,
        error.stack ?? '',
      ]
      for (const text of shown)
        for (const secret of [TOKEN_SECRET, 'hunter22', 'other&secret', 'other%26secret'])
          expect(text).to.not.include(secret)
      expect(error.message).to.include('[redacted]')
    })

    it('shows none in debug lines, but method, path, parameters, status, time and endpoint', async () => {
      const lines: string[] = []
      const server = await serve(mirror)
      const connection = connect(server.url, {}, {onDebug: (line) => lines.push(line)})
      await connection.request('post', '/nodes/pve1/qemu', {
        vmid: 100,
        cipassword: 'hunter22',
        description: `with ${TOKEN_SECRET}`,
      })
      expect(lines).to.have.length(1)
      expect(lines[0]).to.match(
        /^POST \/nodes\/pve1\/qemu \{vmid=100, cipassword=\[redacted\], description=with \[redacted\]\} -> 500, \d+ ms, https:\/\/127\.0\.0\.1:\d+$/,
      )
    })
  })
})

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const {port} = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
