import {expect} from 'chai'
import {chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import net from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import {Secret} from '../../../src/domain/secret.js'
import {openConnection, type Connection} from '../../../src/proxmox/connection.js'
import {endpointMemoryFile} from '../../../src/proxmox/endpoint-memory-file.js'
import type {EndpointKnowledge, EndpointMemory} from '../../../src/proxmox/endpoint-memory.js'
import type {ConnectionSettings} from '../../../src/proxmox/settings.js'
import {authority, selfSigned, type TestCertificate} from '../../helpers/certificate.js'
import {FakeClock} from '../../helpers/fake-clock.js'
import {answer, httpsServer, type Handler, type TestServer} from '../../helpers/https-server.js'

const SECRET = '8a5e7a3c-0000-4000-8000-secretsecret'

/** Knowledge kept in the process, and how often it was written. */
class Memory implements EndpointMemory {
  saves = 0
  known: EndpointKnowledge | undefined

  load(): EndpointKnowledge | undefined {
    return this.known
  }

  save(knowledge: EndpointKnowledge): void {
    this.saves++
    this.known = structuredClone(knowledge)
  }
}

describe('endpoints', () => {
  let one: TestCertificate
  let two: TestCertificate
  let stranger: TestCertificate
  let memory: Memory
  const open: {close(): unknown}[] = []

  const serve = async (
    certificate: TestCertificate,
    handler?: Handler,
    at?: {host?: string; port?: number},
  ): Promise<TestServer> => {
    const server = await httpsServer(
      certificate,
      handler ?? ((_request, response) => answer(response, 200, {data: server.url})),
      at,
    )
    open.push(server)
    return server
  }

  /** Takes connections and never says a word, like a host behind a firewall. */
  const silent = async (): Promise<{url: string; dialled: () => number}> => {
    let dialled = 0
    const server = net.createServer((socket) => {
      dialled++
      socket.on('error', () => {})
      socket.resume()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    open.push(server)
    return {url: `https://127.0.0.1:${(server.address() as net.AddressInfo).port}`, dialled: () => dialled}
  }

  const connect = (
    endpoints: ConnectionSettings['endpoints'],
    settings: Partial<ConnectionSettings> = {},
  ): Connection => {
    const connection = openConnection(
      {
        endpoints,
        trust: {kind: 'pin', fingerprint: one.fingerprint},
        credentials: {kind: 'token', id: 'automation@pve!homelab', secret: new Secret(SECRET)},
        connectTimeoutMs: 150,
        ...settings,
      },
      {clock: new FakeClock(), random: () => 0.5, endpointMemory: memory},
    )
    open.push(connection)
    return connection
  }

  const ask = async (connection: Connection, method: 'get' | 'post' = 'get'): Promise<unknown> =>
    (await connection.request(method, '/version'))._unsafeUnwrap().data

  before(async () => {
    one = await selfSigned('127.0.0.1')
    two = await selfSigned('127.0.0.1')
    stranger = await selfSigned('127.0.0.1')
  })

  beforeEach(() => {
    memory = new Memory()
  })

  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close()
  })

  it('uses the first that answers, and says which', async () => {
    const [first, second] = [await serve(one), await serve(one)]
    const connection = connect([first.url, second.url])
    expect(connection.endpoints.current).to.equal(undefined)
    expect(await ask(connection)).to.equal(first.url)
    expect(connection.endpoints.current).to.deep.equal({url: first.url, learned: false, fingerprint: one.fingerprint})
    expect(second.sockets()).to.equal(0)
  })

  it('goes on to the next when nothing listens, for a write too', async () => {
    const gone = await serve(one)
    await gone.close()
    const second = await serve(one)
    expect(await ask(connect([gone.url, second.url]), 'post')).to.equal(second.url)
    expect(second.received).to.have.length(1)
  })

  it('lets a silent first endpoint cost its time once, and remembers it as last', async () => {
    const dead = await silent()
    const second = await serve(one)
    const connection = connect([dead.url, second.url])
    for (let i = 0; i < 3; i++) expect(await ask(connection)).to.equal(second.url)
    expect(dead.dialled()).to.equal(1)

    const next = connect([dead.url, second.url])
    expect(await ask(next)).to.equal(second.url)
    expect(dead.dialled()).to.equal(1)
    expect(next.endpoints.list().map(({url}) => url)).to.deep.equal([second.url, dead.url])
  })

  it('goes back to an endpoint that answers again when the other is gone', async () => {
    const first = await serve(one)
    await first.close()
    const second = await serve(one)
    await ask(connect([first.url, second.url]))
    expect(memory.known?.failed).to.deep.equal([first.url])
    await second.close()
    const revived = await serve(one, undefined, {port: first.port})
    const connection = connect([first.url, second.url])
    expect(await ask(connection)).to.equal(revived.url)
    expect(memory.known?.failed).to.deep.equal([second.url])
  })

  it('moves on in the middle of a run, keeping to the one that answered', async () => {
    const [first, second] = [await serve(one), await serve(one)]
    const connection = connect([first.url, second.url])
    expect(await ask(connection)).to.equal(first.url)
    await first.close()
    expect(await ask(connection)).to.equal(second.url)
    expect(await ask(connection, 'post')).to.equal(second.url)
  })

  it('does not repeat a write elsewhere when its answer was lost', async () => {
    const first = await serve(one, (_request, _response, socket) => socket.destroy())
    const second = await serve(one)
    const error = (await connect([first.url, second.url]).request('post', '/nodes/pve1/qemu'))._unsafeUnwrapErr()
    expect(error.problem.kind).to.equal('lost')
    expect(second.received).to.deep.equal([])
  })

  it('names every endpoint it tried when none answers, and remembers no order', async () => {
    const [first, second] = [await serve(one), await serve(one)]
    await first.close()
    await second.close()
    const error = (await connect([first.url, second.url]).request('get', '/version'))._unsafeUnwrapErr()
    expect(error.problem).to.have.property('kind', 'not-connected')
    for (const {url} of [first, second]) expect(error.message).to.include(`${url} refused the connection`)
    expect(memory.saves).to.equal(0)
  })

  describe('certificates', () => {
    it('gives every endpoint its own pin', async () => {
      const [first, second] = [await serve(one), await serve(two)]
      await first.close()
      expect(await ask(connect([first.url, {url: second.url, fingerprint: two.fingerprint}]))).to.equal(second.url)
      const error = (
        await connect([first.url, {url: second.url, fingerprint: one.fingerprint}]).request('get', '/version')
      )._unsafeUnwrapErr()
      expect(error.problem).to.include({
        kind: 'certificate-changed',
        expected: one.fingerprint,
        actual: two.fingerprint,
      })
    })

    it('does not evade a changed certificate to another endpoint', async () => {
      const [first, second] = [await serve(stranger), await serve(one)]
      const error = (await connect([first.url, second.url]).request('get', '/version'))._unsafeUnwrapErr()
      expect(error.problem).to.deep.equal({
        kind: 'certificate-changed',
        expected: one.fingerprint,
        actual: stranger.fingerprint,
      })
      expect(error.endpoint).to.equal(first.url)
      expect([...first.received, ...second.received]).to.deep.equal([])
    })

    it('does not talk to another endpoint whose certificate nobody vouched for yet', async () => {
      const [first, second] = [await serve(one), await serve(two)]
      await first.close()
      const error = (await connect([first.url, second.url]).request('post', '/nodes'))._unsafeUnwrapErr()
      expect(error.problem).to.deep.equal({
        kind: 'certificate-untrusted',
        code: 'UNKNOWN_FINGERPRINT',
        actual: two.fingerprint,
      })
      expect(second.received).to.deep.equal([])
    })

    it("learns the others' pins from GET /nodes, and holds them to those from then on", async () => {
      const nodes = [
        {node: 'pve1', ssl_fingerprint: one.fingerprint},
        {node: 'pve2', ssl_fingerprint: two.fingerprint.toLowerCase()},
      ]
      const first = await serve(one, (_request, response) => answer(response, 200, {data: nodes}))
      const second = await serve(two)
      await connect([first.url, second.url]).request('get', '/nodes')
      await first.close()

      const connection = connect([first.url, second.url])
      expect(await ask(connection)).to.equal(second.url)
      expect(connection.endpoints.current).to.deep.equal({
        url: second.url,
        learned: false,
        node: 'pve2',
        fingerprint: two.fingerprint,
      })

      // Its own pin now: another node's certificate of the same cluster is a change.
      await second.close()
      await serve(one, undefined, {port: second.port})
      const error = (await connect([first.url, second.url]).request('get', '/version'))._unsafeUnwrapErr()
      expect(error.problem).to.deep.equal({
        kind: 'certificate-changed',
        expected: two.fingerprint,
        actual: one.fingerprint,
      })
    })

    it('follows a renewed certificate when the cluster itself tells of it', async () => {
      let fingerprint = stranger.fingerprint
      const first = await serve(one, (_request, response) =>
        answer(response, 200, {data: [{node: 'pve2', ssl_fingerprint: fingerprint}]}),
      )
      const second = await serve(two)
      memory.known = {
        anchor: one.fingerprint,
        nodes: {pve2: {fingerprint: stranger.fingerprint}},
        pins: {[second.url]: stranger.fingerprint},
        failed: [],
      }
      fingerprint = two.fingerprint
      await connect([first.url, second.url]).request('get', '/nodes')
      await first.close()
      expect(await ask(connect([first.url, second.url]))).to.equal(second.url)
    })

    it('forgets what it learned under another pin', async () => {
      const [first, second] = [await serve(one), await serve(stranger)]
      memory.known = {
        anchor: two.fingerprint,
        nodes: {pve2: {endpoint: second.url, fingerprint: stranger.fingerprint}},
        pins: {},
        failed: [first.url],
      }
      const connection = connect([first.url])
      expect(connection.endpoints.list().map(({url}) => url)).to.deep.equal([first.url])
      await first.close()
      expect((await connection.request('get', '/version')).isErr()).to.equal(true)
      expect(second.sockets()).to.equal(0)
    })
  })

  describe('learning', () => {
    const status = (...ips: string[]) =>
      ips.map((ip, index) => ({type: 'node', id: `node/pve${index + 1}`, name: `pve${index + 1}`, ip, online: 1}))

    it('finds the other nodes by /cluster/status and /nodes, and reaches them when the first is gone', async () => {
      const first = await serve(one, (request, response) => {
        if (request.url === '/api2/json/cluster/status')
          answer(response, 200, {data: [{type: 'cluster', name: 'lab'}, ...status('127.0.0.1', '127.0.0.2')]})
        else
          answer(response, 200, {
            data: [
              {node: 'pve1', ssl_fingerprint: one.fingerprint},
              {node: 'pve2', ssl_fingerprint: two.fingerprint},
            ],
          })
      })
      const second = await serve(two, undefined, {host: '127.0.0.2', port: first.port})
      const connection = connect([first.url])
      const learned = (await connection.learnEndpoints())._unsafeUnwrap()
      expect(first.received.map(({url}) => url)).to.deep.equal(['/api2/json/cluster/status', '/api2/json/nodes'])
      expect(learned).to.deep.equal([
        {url: first.url, learned: false, node: 'pve1', fingerprint: one.fingerprint},
        {url: second.url, learned: true, node: 'pve2', fingerprint: two.fingerprint},
      ])

      connection.close()
      await first.close()
      const next = connect([first.url])
      expect(await ask(next)).to.equal(second.url)
      expect(next.endpoints.current).to.deep.equal({
        url: second.url,
        learned: true,
        node: 'pve2',
        fingerprint: two.fingerprint,
      })
    })

    it('holds a learned endpoint to the pin it was learned with', async () => {
      const first = await serve(one)
      const second = await serve(stranger)
      memory.known = {
        anchor: one.fingerprint,
        nodes: {pve2: {endpoint: second.url, fingerprint: two.fingerprint}},
        pins: {},
        failed: [],
      }
      await first.close()
      const error = (await connect([first.url]).request('get', '/version'))._unsafeUnwrapErr()
      expect(error.problem).to.deep.equal({
        kind: 'certificate-changed',
        expected: two.fingerprint,
        actual: stranger.fingerprint,
      })
      expect(second.received).to.deep.equal([])
    })

    it('pins learned endpoints also where an authority vouches for the configured one', async () => {
      const ca = await authority('Test CA')
      const first = await serve(await ca.issue(['127.0.0.1']))
      const second = await serve(two)
      memory.known = {nodes: {pve2: {endpoint: second.url, fingerprint: two.fingerprint}}, pins: {}, failed: []}
      await first.close()
      expect(await ask(connect([first.url], {trust: {kind: 'ca', pem: ca.cert}}))).to.equal(second.url)
    })

    it('sends no request of its own unless asked to learn, and writes only what changed', async () => {
      const first = await serve(one, (_request, response) => answer(response, 200, {data: status('127.0.0.1')}))
      for (let i = 0; i < 3; i++) await connect([first.url]).request('get', '/cluster/status')
      expect(first.received).to.have.length(3)
      expect(memory.saves).to.equal(1)
    })

    it('learns nothing that leads elsewhere through a tunnel, nor an address without a pin', async () => {
      const first = await serve(one, (_request, response) =>
        answer(response, 200, {data: status('192.0.2.1', '127.0.0.2', 'nonsense/../x')}),
      )
      const connection = connect([first.url])
      await connection.request('get', '/cluster/status')
      expect(connection.endpoints.list().map(({url}) => url)).to.deep.equal([first.url])
    })

    it('keeps going when a reply is not what it should be', async () => {
      for (const data of [null, 'text', [null, 1, {type: 'node'}, {node: 'pve1', ssl_fingerprint: 'AA'}], {a: 1}]) {
        const server = await serve(one, (_request, response) => answer(response, 200, {data}))
        const connection = connect([server.url])
        for (const path of ['/cluster/status', '/nodes'])
          expect((await connection.request('get', path)).isOk()).to.equal(true)
        expect(connection.endpoints.list()).to.have.length(1)
      }
    })
  })
})

describe('endpointMemoryFile', () => {
  let folder: string
  let file: string
  const knowledge = (fingerprint: string): EndpointKnowledge => ({
    anchor: fingerprint,
    nodes: {pve1: {endpoint: 'https://192.0.2.1:8006', fingerprint}, pve2: {}},
    pins: {'https://pve2.lan:8006': fingerprint},
    failed: ['https://pve3.lan:8006'],
  })
  const pin = Array.from({length: 32}, () => 'AB').join(':')

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'homelab-memory-'))
    file = join(folder, 'state', 'lab.json')
  })

  afterEach(() => {
    chmodSync(folder, 0o700)
    rmSync(folder, {recursive: true})
  })

  it('gives back what was saved, from a file of one’s own', () => {
    endpointMemoryFile(file, () => 'a').save(knowledge(pin))
    expect(endpointMemoryFile(file, () => 'b').load()).to.deep.equal(knowledge(pin))
    expect(statSync(file).mode & 0o777).to.equal(0o600)
    expect(statSync(join(folder, 'state')).mode & 0o777).to.equal(0o700)
    expect(readdirSync(join(folder, 'state'))).to.deep.equal(['lab.json'])
  })

  it('knows nothing when there is no file, or a damaged one', () => {
    const memory = endpointMemoryFile(file, () => 'a')
    expect(memory.load()).to.equal(undefined)
    memory.save(knowledge(pin))
    for (const text of ['', '{', '[]', 'null', '7', readFileSync(file, 'utf8').slice(0, 50)]) {
      writeFileSync(file, text)
      expect(memory.load(), text).to.equal(undefined)
    }
  })

  it('takes over only what has the right shape', () => {
    const memory = endpointMemoryFile(file, () => 'a')
    memory.save(knowledge(pin))
    writeFileSync(
      file,
      JSON.stringify({
        anchor: 7,
        nodes: {pve1: 'x', pve2: {endpoint: 'http://evil', fingerprint: 'AA'}, pve3: {fingerprint: pin.toLowerCase()}},
        pins: {'https://a': pin, 'https://b': 'AA', nonsense: 3},
        failed: ['https://a', 5],
        more: 1,
      }),
    )
    expect(memory.load()).to.deep.equal({
      nodes: {pve2: {}, pve3: {fingerprint: pin}},
      pins: {'https://a:8006': pin},
      failed: ['https://a:8006'],
    })
  })

  it('lets be what cannot be written', () => {
    writeFileSync(join(folder, 'state'), 'a file where the folder should be')
    const memory = endpointMemoryFile(file, () => 'a')
    expect(() => memory.save(knowledge(pin))).to.not.throw()
    expect(memory.load()).to.equal(undefined)
  })
})
