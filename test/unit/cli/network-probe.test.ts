import {expect} from 'chai'
import http from 'node:http'
import https from 'node:https'
import net, {type AddressInfo} from 'node:net'

import {networkProbe} from '../../../src/cli/network-probe.js'
import {makeCertificate} from '../../../src/simulator/http/certificate.js'

const LIMITS = {timeoutMs: 5000}

/** Serves until the test is over; gives its port. */
async function serve(server: net.Server, close: (() => Promise<unknown>)[]): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  close.push(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

describe('networkProbe', () => {
  const close: (() => Promise<unknown>)[] = []

  afterEach(async () => {
    await Promise.all(close.splice(0).map((end) => end()))
  })

  it('tells a port that accepts connections from one that refuses them', async () => {
    const server = net.createServer((socket) => socket.destroy())
    const port = await serve(server, close)
    expect(await networkProbe.tcp('127.0.0.1', port, LIMITS)).to.deep.equal({
      ok: true,
      seen: `127.0.0.1:${port} accepts connections`,
    })
    await close.pop()!()
    expect(await networkProbe.tcp('127.0.0.1', port, LIMITS)).to.deep.equal({
      ok: false,
      seen: `127.0.0.1:${port} refuses connections`,
    })
  })

  it('takes an answer below 400 as good', async () => {
    const server = http.createServer((request, response) => {
      response.writeHead(Number(request.url?.slice(1)), {connection: 'close'})
      response.end()
    })
    const port = await serve(server, close)
    const answer = (status: number) =>
      networkProbe.http(`http://127.0.0.1:${port}/${status}`, {...LIMITS, anyCertificate: true})
    expect(await answer(200)).to.deep.equal({ok: true, seen: `http://127.0.0.1:${port}/200 answers 200`})
    expect((await answer(302)).ok).to.equal(true)
    expect((await answer(404)).ok).to.equal(false)
    expect(await answer(503)).to.deep.equal({ok: false, seen: `http://127.0.0.1:${port}/503 answers 503`})
  })

  it('checks a certificate only where a name was given', async () => {
    const {cert, key} = await makeCertificate('pve1')
    const server = https.createServer({cert, key}, (_, response) => {
      response.writeHead(200, {connection: 'close'})
      response.end()
    })
    const url = `https://127.0.0.1:${await serve(server, close)}/`
    expect((await networkProbe.http(url, {...LIMITS, anyCertificate: true})).ok).to.equal(true)
    const checked = await networkProbe.http(url, {...LIMITS, anyCertificate: false})
    expect(checked.ok).to.equal(false)
    expect(checked.seen).to.match(/fails \(\w+\)/)
  })

  it('gives up after its time, and at once on Ctrl-C', async () => {
    const sockets: net.Socket[] = []
    const server = net.createServer((socket) => sockets.push(socket))
    const url = `http://127.0.0.1:${await serve(server, close)}/`
    const silent = await networkProbe.http(url, {timeoutMs: 30, anyCertificate: true})
    expect(silent.ok).to.equal(false)
    expect(silent.seen).to.match(/does not answer$/)
    const stop = new AbortController()
    const probe = networkProbe.http(url, {...LIMITS, anyCertificate: true, signal: stop.signal})
    stop.abort()
    expect((await probe).ok).to.equal(false)
    for (const socket of sockets) socket.destroy()
  })
})
