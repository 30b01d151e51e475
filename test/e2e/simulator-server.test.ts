import {expect} from 'chai'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import {gunzipSync} from 'node:zlib'

import {type Simulator, startSimulator} from '../../src/simulator/start-simulator.js'

interface Reply {
  readonly status: number
  readonly reason: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
  readonly json: {data?: unknown; message?: string; errors?: Record<string, string>; total?: number} | undefined
}

interface Ask {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: Buffer | string
  readonly agent?: https.Agent
  readonly url?: string
}

const ROOT = {Authorization: 'PVEAPIToken=root@pam!t1=11111111-1111-4111-8111-111111111111'}

describe('simulator server', () => {
  let simulator: Simulator
  before(async () => {
    simulator = await startSimulator({fixture: 'recorded', speed: 'instant'})
  })
  after(() => simulator.stop())

  function ask(
    path: string,
    {method = 'GET', headers = ROOT, body, agent, url = simulator.url}: Ask = {},
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const all = {...headers, ...(body !== undefined && {'Content-Length': String(Buffer.byteLength(body))})}
      const request = https.request(
        url + path,
        {method, headers: all, agent, rejectUnauthorized: false},
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () => {
            const bytes = Buffer.concat(chunks)
            const isJson =
              response.headers['content-type']?.startsWith('application/json') && !response.headers['content-encoding']
            resolve({
              status: response.statusCode ?? 0,
              reason: response.statusMessage ?? '',
              headers: response.headers,
              body: bytes,
              json: isJson ? (JSON.parse(bytes.toString()) as Reply['json']) : undefined,
            })
          })
        },
      )
      request.on('error', reject)
      request.end(body)
    })
  }

  const api = (path: string, options?: Ask): Promise<Reply> => ask(`/api2/json${path}`, options)

  it('answers a token over TLS with its own certificate', async () => {
    const reply = await api('/version')
    expect(reply.status).to.equal(200)
    expect(reply.headers['content-type']).to.equal('application/json;charset=UTF-8')
    expect(reply.json?.data).to.deep.equal({version: '8.4.1', release: '8.4', repoid: '825b122a3d29aa85'})
    const seen = await new Promise<string>((resolve) => {
      const request = https.get(
        `${simulator.url}/api2/json/version`,
        {rejectUnauthorized: false, headers: ROOT},
        (response) => {
          resolve((response.socket as import('node:tls').TLSSocket).getPeerCertificate().fingerprint256)
          response.resume()
        },
      )
      request.end()
    })
    expect(seen).to.equal(simulator.fingerprint)
  })

  it('redirects plain HTTP on the same port', async () => {
    const reply = await new Promise<http.IncomingMessage>((resolve) => {
      http.get(`${simulator.url.replace('https', 'http')}/x`, (response) => resolve(response.resume()))
    })
    expect([reply.statusCode, reply.headers.location]).to.deep.equal([301, `${simulator.url}/x`])
  })

  it('keeps a connection for good answers and closes it after bad ones', async () => {
    const agent = new https.Agent({keepAlive: true, maxSockets: 1, rejectUnauthorized: false})
    try {
      expect((await api('/version', {agent})).headers.connection).to.equal('keep-alive')
      expect((await api('/nope', {agent})).headers.connection).to.equal('close')
    } finally {
      agent.destroy()
    }
  })

  it('says 401 in the reason phrase alone', async () => {
    const reply = await api('/nope', {headers: {}})
    expect([reply.status, reply.reason, reply.body.length, reply.headers['content-type']]).to.deep.equal([
      401,
      'No ticket',
      0,
      undefined,
    ])
  })

  it('logs in with a password, renews with the ticket, and asks for the CSRF token', async () => {
    const form = (values: Record<string, string>): Ask => ({
      method: 'POST',
      headers: {'Content-Type': 'application/x-www-form-urlencoded'},
      body: new URLSearchParams(values).toString(),
    })
    const bad = await api('/access/ticket', form({username: 'admin@pve', password: 'no'}))
    expect([bad.status, bad.json?.message]).to.deep.equal([401, 'authentication failure\n'])
    const first = await api('/access/ticket', form({username: 'admin@pve', password: 'adminpw123'}))
    const {ticket} = first.json?.data as {ticket: string}
    const second = await api('/access/ticket', form({username: 'admin@pve', password: ticket}))
    const login = second.json?.data as {ticket: string; CSRFPreventionToken: string}
    const cookie = {Cookie: `PVEAuthCookie=${encodeURIComponent(login.ticket)}`}
    expect((await api('/version', {headers: cookie})).status).to.equal(200)
    const path = '/nodes/pve1/tasks/UPID:pve1:00000001:00000001:65000000:qmstart:100:root@pam:'
    const refused = await api(path, {method: 'DELETE', headers: cookie})
    expect([refused.status, refused.reason]).to.deep.equal([401, 'Permission denied - invalid csrf token'])
    const taken = await api(path, {
      method: 'DELETE',
      headers: {...cookie, CSRFPreventionToken: login.CSRFPreventionToken},
    })
    expect([taken.status, taken.json?.errors]).to.deep.equal([400, {upid: 'no such task'}])
  })

  it('decodes bodies as Proxmox does and refuses the rest', async () => {
    const post = (type: string | undefined, body: string): Promise<Reply> =>
      api('/pools', {method: 'POST', headers: {...ROOT, ...(type !== undefined && {'Content-Type': type})}, body})
    const outcome = async (reply: Promise<Reply>): Promise<unknown> => {
      const {status, reason} = await reply
      return [status, reason]
    }

    expect((await post('application/json', '{"vmid": 1}')).json?.errors).to.have.keys('vmid', 'poolid')
    expect((await post(undefined, 'a=1&b=2')).json?.errors).to.have.keys('a', 'b', 'poolid')
    expect(await outcome(post('text/plain', 'x'))).to.deep.equal([
      506,
      "upload 'Content-Type 'text/plain' not implemented",
    ])
    expect((await post('application/json', '{"poolid":')).reason).to.match(
      /^malformed JSON string, .* character offset 10 \(before "\(end of string\)"\)/,
    )
    expect(await outcome(post(undefined, `comment=${'x'.repeat(600_000)}`))).to.deep.equal([501, 'for data too large'])
    expect(await outcome(api('/pools/x', {method: 'DELETE', body: 'force=1'}))).to.deep.equal([
      501,
      "Unexpected content for method 'DELETE'",
    ])
    expect(await outcome(api('/version', {method: 'PATCH', body: ''}))).to.deep.equal([
      501,
      "method 'PATCH' not available",
    ])
    expect(await outcome(ask('/api2/foo/version'))).to.deep.equal([501, 'no formatter for uri /version, foo'])
  })

  it('refuses a parameter that contradicts the path, and checks permissions before parameters', async () => {
    const conflict = await api('/nodes/pve1/tasks?node=pve2')
    expect(conflict.json?.errors).to.deep.equal({
      node: 'duplicate parameter (already defined in URI) with conflicting values!',
    })
    const separated = {Authorization: 'PVEAPIToken=admin@pve!sep=33333333-3333-4333-8333-333333333333'}
    const refused = await api('/nodes/pve1/status?foo=1', {headers: separated})
    expect([refused.status, refused.reason]).to.deep.equal([403, 'Permission check failed (/nodes/pve1, Sys.Audit)'])
  })

  it('forwards to other nodes, and says why it cannot', async () => {
    await simulator.reset('recorded-offline-nodes')
    try {
      const reasons = await Promise.all(
        ['localhost', 'pve2', 'pve3', 'PVE1', '10.0.0.1'].map((node) => api(`/nodes/${node}/tasks?foo=1`)),
      )
      expect(reasons.map(({status, reason}) => `${status} ${reason}`)).to.deep.equal([
        '400 Parameter verification failed.',
        "500 hostname lookup 'pve2' failed - failed to get address info for: pve2: Name or service not known",
        '595 Connection refused',
        '596 error:0A000086:SSL routines::certificate verify failed',
        '596 error:0A000086:SSL routines::certificate verify failed',
      ])
      expect(reasons[2]!.body.length).to.equal(0)
    } finally {
      await simulator.reset('recorded')
    }
  })

  it('compresses what is long for those who accept it', async () => {
    const long = await api('/nodes/pve1/status', {headers: {...ROOT, 'Accept-Encoding': 'gzip'}})
    const short = await api('/version', {headers: {...ROOT, 'Accept-Encoding': 'gzip'}})
    expect([
      short.headers['content-encoding'],
      (await api('/nodes/pve1/status')).headers['content-encoding'],
    ]).to.deep.equal([undefined, undefined])
    const bytes = long.headers['content-encoding'] === 'gzip' ? gunzipSync(long.body) : long.body
    expect(JSON.parse(bytes.toString())).to.have.nested.property('data.uptime')
    expect(long.headers['content-encoding'] === 'gzip').to.equal(bytes.length > 1024)
  })

  it('resets without changing address or certificate', async () => {
    const {url, fingerprint} = simulator
    await simulator.reset('demo')
    try {
      const headers = {Authorization: `PVEAPIToken=${simulator.tokenId}=${simulator.tokenSecret}`}
      const reply = await api('/cluster/status', {headers})
      expect(reply.json?.data).to.have.length(4)
      expect(Object.keys(simulator.urls)).to.deep.equal(['pve1', 'pve2', 'pve3'])
      expect([simulator.url, simulator.fingerprint]).to.deep.equal([url, fingerprint])
    } finally {
      await simulator.reset('recorded')
    }

    expect(Object.keys(simulator.urls)).to.deep.equal(['pve1'])
  })

  it('is gone for those who talk to a node without power', async () => {
    await simulator.reset('demo')
    try {
      const {port, hostname} = new URL(simulator.urls['pve3']!)
      await simulator.powerOff('pve3')
      const code = await new Promise((resolve) => {
        net.connect(Number(port), hostname).once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
      })
      expect(code).to.equal('ECONNREFUSED')
      const headers = {Authorization: `PVEAPIToken=${simulator.tokenId}=${simulator.tokenSecret}`}
      const forwarded = await api('/nodes/pve3/status', {headers})
      expect([forwarded.status, forwarded.reason]).to.deep.equal([595, 'No route to host'])
      await simulator.powerOn('pve3')
      expect((await api('/nodes/pve3/status', {headers})).status).to.equal(200)
    } finally {
      await simulator.reset('recorded')
    }
  })
})
