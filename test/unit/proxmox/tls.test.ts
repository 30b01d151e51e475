import {expect} from 'chai'

import {Secret} from '../../../src/domain/secret.js'
import {openConnection, type Connection, type ConnectionDeps} from '../../../src/proxmox/connection.js'
import type {ConnectionSettings, Trust} from '../../../src/proxmox/settings.js'
import {authority, selfSigned, type TestCertificate} from '../../helpers/certificate.js'
import {answer, httpsServer, type TestServer} from '../../helpers/https-server.js'

const credentials: ConnectionSettings['credentials'] = {
  kind: 'token',
  id: 'automation@pve!homelab',
  secret: new Secret('8a5e7a3c-secret'),
}

describe('trust in a server', () => {
  let own: TestCertificate
  const open: (Connection | TestServer)[] = []

  const serve = async (certificate: TestCertificate): Promise<TestServer> => {
    const server = await httpsServer(certificate, (_request, response) => answer(response, 200, {data: 'hello'}))
    open.push(server)
    return server
  }

  const connect = (server: TestServer, trust: Trust, deps: ConnectionDeps = {}, url = server.url): Connection => {
    const connection = openConnection({endpoints: [url], trust, credentials}, deps)
    open.push(connection)
    return connection
  }

  before(async () => {
    own = await selfSigned('127.0.0.1')
  })

  afterEach(async () => {
    for (const each of open.splice(0)) await each.close()
  })

  it('talks to the server whose certificate is pinned, in any spelling of the fingerprint', async () => {
    const server = await serve(own)
    const connection = connect(server, {kind: 'pin', fingerprint: own.fingerprint.replaceAll(':', '').toLowerCase()})
    expect((await connection.request('get', '/version'))._unsafeUnwrap().data).to.equal('hello')
    expect(server.received[0]!.headers.authorization).to.equal('PVEAPIToken=automation@pve!homelab=8a5e7a3c-secret')
  })

  it('checks the pin of every connection, and resumes no session', async () => {
    let busy = 0
    let most = 0
    const server = await httpsServer(own, (_request, response) => {
      most = Math.max(most, ++busy)
      setTimeout(() => {
        busy--
        answer(response, 200, {data: 1})
      }, 20)
    })
    open.push(server)
    const connection = connect(server, {kind: 'pin', fingerprint: own.fingerprint})
    const results = await Promise.all(Array.from({length: 20}, () => connection.request('get', '/version')))
    expect(results.every((result) => result.isOk())).to.equal(true)
    expect(most).to.equal(8)
    expect(server.connections()).to.equal(8)
  })

  it('sends nothing to a server that shows another certificate, and says both fingerprints', async () => {
    const server = await serve(own)
    const expected = (await selfSigned('127.0.0.1')).fingerprint
    const connection = connect(server, {kind: 'pin', fingerprint: expected})
    for (const method of ['get', 'post'] as const) {
      const error = (await connection.request(method, '/nodes', {password: 'hunter22'}))._unsafeUnwrapErr()
      expect(error.problem).to.deep.equal({kind: 'certificate-changed', expected, actual: own.fingerprint})
      expect(error.provablyNotDone).to.equal(true)
    }

    expect(server.received).to.deep.equal([])
  })

  it('refuses a fingerprint that is none', async () => {
    const server = await serve(own)
    const error = (
      await connect(server, {kind: 'pin', fingerprint: 'nonsense'}).request('get', '/version')
    )._unsafeUnwrapErr()
    expect(error.problem.kind).to.equal('certificate-changed')
    expect(server.received).to.deep.equal([])
  })

  it('accepts what a given authority signed, under its name only', async () => {
    const ca = await authority('Test CA')
    const server = await serve(await ca.issue(['127.0.0.1']))
    const wrongName = await serve(await ca.issue(['pve1.example']))
    expect((await connect(server, {kind: 'ca', pem: ca.cert}).request('get', '/version')).isOk()).to.equal(true)
    const error = (await connect(wrongName, {kind: 'ca', pem: ca.cert}).request('get', '/version'))._unsafeUnwrapErr()
    expect(error.problem).to.deep.equal({kind: 'certificate-untrusted', code: 'ERR_TLS_CERT_ALTNAME_INVALID'})
    expect(wrongName.received).to.deep.equal([])
  })

  it('refuses what another authority signed, and an authority that cannot be read', async () => {
    const ca = await authority('Test CA')
    const server = await serve(await ca.issue(['127.0.0.1']))
    const other = await authority('Other CA')
    for (const pem of [other.cert, '-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n']) {
      const error = (await connect(server, {kind: 'ca', pem}).request('get', '/version'))._unsafeUnwrapErr()
      expect(error.problem.kind).to.equal('certificate-untrusted')
    }

    expect(server.received).to.deep.equal([])
  })

  it('refuses a self-signed certificate without a pin, even when the environment says otherwise', async () => {
    const server = await serve(own)
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      const error = (await connect(server, {kind: 'system'}).request('get', '/version'))._unsafeUnwrapErr()
      expect(error.problem).to.deep.equal({kind: 'certificate-untrusted', code: 'DEPTH_ZERO_SELF_SIGNED_CERT'})
      expect(server.received).to.deep.equal([])
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    }
  })

  it('changes nothing for other connections of the process', async () => {
    const server = await serve(own)
    expect(
      (await connect(server, {kind: 'pin', fingerprint: own.fingerprint}).request('get', '/version')).isOk(),
    ).to.equal(true)
    expect(process.env.NODE_TLS_REJECT_UNAUTHORIZED).to.equal(undefined)
    const refused = await fetch(server.url).then(
      () => 'trusted',
      () => 'refused',
    )
    expect(refused).to.equal('refused')
  })
})
