import {expect} from 'chai'
import net from 'node:net'

import {probeCertificate} from '../../../src/proxmox/fingerprint.js'
import {authority, selfSigned, type TestCertificate} from '../../helpers/certificate.js'
import {answer, httpsServer, type TestServer} from '../../helpers/https-server.js'

describe('probeCertificate', () => {
  let certificate: TestCertificate
  const open: {close(): unknown}[] = []

  const serve = async (shown: TestCertificate): Promise<TestServer> => {
    const server = await httpsServer(shown, (_request, response) => answer(response, 200, {data: 1}))
    open.push(server)
    return server
  }

  before(async () => {
    certificate = await selfSigned('127.0.0.1')
  })

  afterEach(async () => {
    for (const each of open.splice(0)) await each.close()
  })

  it('shows what a server presents, and sends no request', async () => {
    const server = await serve(certificate)
    const shown = (await probeCertificate(server.url))._unsafeUnwrap()
    expect(shown).to.deep.include({
      url: server.url,
      fingerprint256: certificate.fingerprint,
      subject: 'CN=127.0.0.1',
      issuer: 'CN=127.0.0.1',
      names: ['IP Address:127.0.0.1'],
      trustedBySystem: false,
    })
    expect(new Date(shown.validTo).getTime()).to.be.greaterThan(Date.now())
    expect(shown.validFrom).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/)
    expect(server.sockets()).to.equal(1)
    expect(server.received).to.deep.equal([])
  })

  it('names the authority of a certificate', async () => {
    const ca = await authority('Proxmox Virtual Environment')
    const server = await serve(await ca.issue(['pve1.lan', '127.0.0.1']))
    const shown = (await probeCertificate(server.url))._unsafeUnwrap()
    expect(shown).to.deep.include({
      subject: 'CN=pve1.lan',
      issuer: 'CN=Proxmox Virtual Environment',
      names: ['DNS:pve1.lan', 'IP Address:127.0.0.1'],
    })
  })

  it('refuses what is no address', async () => {
    for (const url of ['http://pve1.lan', 'https://pve1.lan/path', '']) {
      expect((await probeCertificate(url))._unsafeUnwrapErr(), url).to.have.property('kind', 'usage')
    }
  })

  it('says why there is no certificate', async () => {
    const silent = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.resume()
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const {port} = silent.address() as net.AddressInfo
    const timedOut = (await probeCertificate(`https://127.0.0.1:${port}`, {timeoutMs: 50}))._unsafeUnwrapErr()
    expect(timedOut).to.deep.include({
      kind: 'unreachable',
      details: {endpoint: `https://127.0.0.1:${port}`, reason: 'timeout'},
    })
    await new Promise((resolve) => silent.close(resolve))
    const refused = (await probeCertificate(`https://127.0.0.1:${port}`))._unsafeUnwrapErr()
    expect(refused.details).to.include({reason: 'refused'})
  })

  it('stops when its signal is aborted', async () => {
    const server = await serve(certificate)
    expect((await probeCertificate(server.url, {signal: AbortSignal.abort()}))._unsafeUnwrapErr().kind).to.equal(
      'interrupted',
    )
  })
})
