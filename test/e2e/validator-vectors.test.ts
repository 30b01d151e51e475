import {expect} from 'chai'
import https from 'node:https'

import {loadSchema} from '../../src/schema/schema.js'
import {makeCsrfToken, makeTicket} from '../../src/simulator/access/tickets.js'
import {routes} from '../../src/simulator/api/routes.js'
import {FIXTURES, loadFixture} from '../../src/simulator/fixtures/load.js'
import {frontDoorChecks} from '../../src/simulator/front-door-checks.js'
import {makeCertificate} from '../../src/simulator/http/certificate.js'
import {NodeServer} from '../../src/simulator/http/server.js'
import {Router} from '../../src/simulator/kernel/router.js'
import {openWorld} from '../../src/simulator/kernel/world.js'
import {request, type SimulatorReply} from '../helpers/simulator-client.js'
import {validatorVectors, type Vector} from '../helpers/validator-vectors.js'

import type {Routes} from '../../src/simulator/kernel/call.js'

const PARALLEL = 16
const vectors = validatorVectors()
const accepted = vectors.filter(({expect: {code}}) => code === 200)

describe('the server, against the verdicts of Proxmox VE 9.2', () => {
  let close: () => Promise<void>
  let send: (vector: Vector) => Promise<SimulatorReply>

  /** A server with some methods, and root@pam's ticket. */
  async function serve(methods: Routes): Promise<void> {
    const world = openWorld(loadSchema('9.2'), {kind: 'instant'})
    loadFixture(world, 'recorded', FIXTURES['recorded']!)
    const server = new NodeServer({
      node: 'pve1',
      host: '127.0.0.1',
      port: 0,
      certificate: await makeCertificate('pve1'),
      world: () => world,
      router: new Router(methods, frontDoorChecks),
    })
    await server.listen()
    const {authKey} = world.meta
    const headers = {
      Cookie: `PVEAuthCookie=${encodeURIComponent(makeTicket(authKey, 'root@pam', world.clock.now()))}`,
      CSRFPreventionToken: makeCsrfToken(authKey, 'root@pam', world.clock.now()),
    }
    const agent = new https.Agent({keepAlive: true, maxSockets: PARALLEL})
    const client = {url: server.url, headers, agent}
    send = ({method, path, form = '', params}) => {
      if (params && method === 'POST') return request(client, method, path, {body: params})
      if (params) return request(client, method, `${path}?${queryOf(params)}`)
      return request(client, method, path, form)
    }

    close = async () => {
      agent.destroy()
      await server.close()
      world.close()
    }
  }

  afterEach(() => close())

  /** Sends all of them, some at a time; what disagreed. */
  async function disagreements(
    some: readonly Vector[],
    judge: (vector: Vector, reply: SimulatorReply) => unknown,
  ): Promise<string[]> {
    const queue = [...some]
    const found: string[] = []
    const work = async (): Promise<void> => {
      for (let vector = queue.shift(); vector; vector = queue.shift()) {
        const wrong = judge(vector, await send(vector))
        if (wrong !== undefined)
          found.push(`${vector.method} ${vector.path} ${vector.form ?? ''} (${vector.why}): ${JSON.stringify(wrong)}`)
      }
    }

    await Promise.all(Array.from({length: PARALLEL}, () => work()))
    return found
  }

  it('refuses what Proxmox VE refuses, in its words', async () => {
    await serve(routes)
    const refused = vectors.filter(({expect: {code}}) => code !== 200)
    expect(refused).to.have.length(730)
    const wrong = await disagreements(refused, (vector, {status, errors}) => {
      if (status !== vector.expect.code) return {status}
      return sorted(errors) === sorted(vector.expect.errors) ? undefined : errors
    })
    expect(wrong).to.deep.equal([])
  })

  it('lets through what Proxmox VE lets through', async () => {
    // behind the door there is nobody who could refuse on his own account
    await serve({})
    const wrong = await disagreements(accepted, (_vector, {status, message = ''}) =>
      /^simulator: \S+ \S+ is not simulated\n$/.test(message) ? undefined : {status, message},
    )
    expect(wrong).to.deep.equal([])
  })

  it('has no method that breaks', async () => {
    await serve(routes)
    const judge = (_vector: Vector, {status, message = ''}: SimulatorReply): unknown =>
      status === 501 || message.startsWith('simulator error') ? {status, message} : undefined
    const reads = accepted.filter(({method}) => method === 'GET')
    const writes = accepted.filter(({method}) => method !== 'GET')
    expect([...(await disagreements(reads, judge)), ...(await disagreements(writes, judge))]).to.deep.equal([])
  })
})

const sorted = (errors: Readonly<Record<string, string>> = {}): string =>
  JSON.stringify(Object.entries(errors).sort(([a], [b]) => (a < b ? -1 : 1)))

function queryOf(params: Readonly<Record<string, unknown>>): string {
  return Object.entries(params)
    .flatMap(([key, value]) => [value].flat().map((item) => `${key}=${encodeURIComponent(String(item))}`))
    .join('&')
}
