import {expect} from 'chai'

import {textFetcher} from '../../../src/cli/text-fetcher.js'
import {authority, selfSigned, type TestAuthority} from '../../helpers/certificate.js'
import {httpsServer, type Handler, type TestServer} from '../../helpers/https-server.js'

describe('texts from the web', () => {
  let trusted: TestAuthority
  let server: TestServer | undefined

  before(async () => {
    trusted = await authority('Homelab Test')
  })
  afterEach(async () => {
    await server?.close()
    server = undefined
  })

  const serve = async (handler: Handler) => {
    server = await httpsServer(await trusted.issue(['127.0.0.1']), handler)
    return server.url
  }
  const fetch = textFetcher()
  const outcome = async (url: string, fetcher = textFetcher({ca: trusted.cert}), signal?: AbortSignal) =>
    (await fetcher(url, signal)).match(
      (text) => text,
      ({kind, message}) => `${kind}: ${message.replace(server?.url ?? '', '')}`,
    )

  it('come over TLS from a server that is known', async () => {
    const url = await serve((_request, response) => void response.end('aa  b\n'))
    expect(await outcome(`${url}/SUMS`)).to.equal('aa  b\n')
  })

  it('are not taken from a server that nobody vouches for', async () => {
    server = await httpsServer(await selfSigned('127.0.0.1'), (_request, response) => void response.end('aa'))
    expect(await outcome(`${server.url}/SUMS`, fetch)).to.match(/^certificate-untrusted: \/SUMS cannot be read/)
    expect(server.received).to.have.length(0)
    await server.close()
    server = await httpsServer(await trusted.issue(['other.lan']), (_request, response) => void response.end('aa'))
    expect(await outcome(`${server.url}/SUMS`)).to.match(/^certificate-untrusted: /)
    expect(server.received).to.have.length(0)
  })

  it('are followed to where they are, but never out of TLS, nor in circles', async () => {
    const url = await serve(({url: at}, response) => {
      const location = {'/a': '/b', '/loop': '/loop', '/plain': 'http://127.0.0.1:1/b'}[at]
      if (location === undefined) response.end(`at ${at}`)
      else response.writeHead(302, {location}).end()
    })
    expect(await outcome(`${url}/a`)).to.equal('at /b')
    expect(await outcome(`${url}/loop`)).to.equal('protocol-error: /loop cannot be read: it leads on more than 5 times')
    expect(await outcome(`${url}/plain`)).to.equal(
      'protocol-error: /plain cannot be read: it leads on to http://127.0.0.1:1',
    )
  })

  it('that are not there, too long, broken off or late are failures', async () => {
    const url = await serve(({url: at}, response, socket) => {
      if (at === '/long') response.end(Buffer.alloc(5 * 2 ** 20, 65))
      else if (at === '/cut') {
        response.writeHead(200, {'content-length': 100})
        response.write('aa', () => socket.destroy())
      } else if (at !== '/late') response.writeHead(at === '/no' ? 404 : 503).end()
    })
    expect(await outcome(`${url}/no`)).to.equal('not-found: /no cannot be read: the server answers 404')
    expect(await outcome(`${url}/down`)).to.equal('protocol-error: /down cannot be read: the server answers 503')
    expect(await outcome(`${url}/long`)).to.equal('protocol-error: /long cannot be read: it has more than 4 MiB')
    expect(await outcome(`${url}/cut`)).to.match(/^unreachable: \/cut cannot be read: /)
    const hurried = textFetcher({ca: trusted.cert, timeoutMs: 50})
    expect(await outcome(`${url}/late`, hurried)).to.equal('unreachable: /late cannot be read: no answer in time')
    expect(await outcome('https://127.0.0.1:1/', fetch)).to.equal(
      'unreachable: https://127.0.0.1:1/ cannot be read: ECONNREFUSED',
    )
  })

  it('are not waited for after Ctrl-C', async () => {
    const stop = new AbortController()
    const url = await serve(() => stop.abort())
    expect(await outcome(`${url}/x`, undefined, stop.signal)).to.equal('interrupted: interrupted while reading /x')
  })
})
