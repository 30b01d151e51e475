import {expect} from 'chai'
import {inspect} from 'node:util'

import {Secret} from '../../../src/domain/secret.js'
import {openConnection, type Connection, type ConnectionDeps} from '../../../src/proxmox/connection.js'
import type {SecondFactorChallenge} from '../../../src/proxmox/second-factor.js'
import {selfSigned, type TestCertificate} from '../../helpers/certificate.js'
import {FakeClock} from '../../helpers/fake-clock.js'
import {answer, httpsServer, type Received, type TestServer} from '../../helpers/https-server.js'

const PASSWORD = 'correct horse & battery'
const HOUR = 3_600_000

/** Gives tickets, and takes those it gave and has not taken back. */
class Realm {
  readonly valid = new Set<string>()
  readonly logins: Record<string, string>[] = []
  /** When set: the first step of a login gives a challenge with this in it. */
  challenge: Record<string, unknown> | undefined
  code = 'totp:123456'
  /** Login answers to withhold, as a broken line does. */
  drop = 0
  #count = 0

  serve(certificate: TestCertificate): Promise<TestServer> {
    return httpsServer(certificate, (request, response, socket) => {
      if (request.url !== '/api2/json/access/ticket') {
        const refusal = this.refusal(request)
        if (refusal === undefined) answer(response, 200, {data: 'welcome'})
        else answer(response, 401, undefined, refusal)
        return
      }

      const login = Object.fromEntries(new URLSearchParams(request.body))
      this.logins.push(login)
      if (this.drop-- > 0) {
        socket.destroy()
        return
      }

      const data = this.login(login)
      if (data) answer(response, 200, {data})
      else answer(response, 401, {data: null, message: 'authentication failure\n'}, 'authentication failure')
    })
  }

  private refusal({method, headers}: Received): string | undefined {
    const cookie = /^PVEAuthCookie=(.*)$/.exec(headers.cookie ?? '')?.[1]
    if (cookie === undefined) return 'No ticket'
    const ticket = decodeURIComponent(cookie)
    if (!this.valid.has(ticket)) return 'permission denied - invalid PVE ticket'
    if (method !== 'GET' && headers.csrfpreventiontoken !== `csrf of ${ticket}`)
      return 'Permission denied - invalid csrf token'
    return undefined
  }

  private login(login: Record<string, string>): Record<string, unknown> | undefined {
    if (login.username !== 'alice@pve') return undefined
    const challenge = login['tfa-challenge']
    if (challenge !== undefined)
      return challenge.startsWith('PVE:!tfa!') && login.password === this.code ? this.ticket() : undefined
    if (login.password !== PASSWORD && !this.valid.has(login.password ?? '')) return undefined
    // A ticket as the password needs no second factor.
    if (!this.challenge || login.password !== PASSWORD) return this.ticket()
    return {
      username: 'alice@pve',
      NeedTFA: 1,
      CSRFPreventionToken: 'half',
      ticket: `PVE:!tfa!${encodeURIComponent(JSON.stringify(this.challenge))}:65000000::sig==`,
    }
  }

  private ticket(): Record<string, unknown> {
    const ticket = `PVE:alice@pve:6500000${++this.#count}::c2ln+/==`
    this.valid.add(ticket)
    return {username: 'alice@pve', ticket, CSRFPreventionToken: `csrf of ${ticket}`}
  }
}

describe('login with a password', () => {
  let certificate: TestCertificate
  let clock: FakeClock
  let realm: Realm
  let server: TestServer
  const open: Connection[] = []

  const connect = (deps: ConnectionDeps = {}, password = PASSWORD): Connection => {
    const connection = openConnection(
      {
        endpoints: [server.url],
        trust: {kind: 'pin', fingerprint: certificate.fingerprint},
        credentials: {kind: 'password', username: 'alice@pve', password: new Secret(password)},
      },
      {clock, random: () => 0.5, ...deps},
    )
    open.push(connection)
    return connection
  }

  const requests = (): string[] =>
    server.received.filter(({url}) => !url.endsWith('/access/ticket')).map(({method}) => method)

  before(async () => {
    certificate = await selfSigned('127.0.0.1')
  })

  beforeEach(async () => {
    clock = new FakeClock()
    realm = new Realm()
    server = await realm.serve(certificate)
  })

  afterEach(async () => {
    for (const connection of open.splice(0)) connection.close()
    await server.close()
  })

  it('logs in once however many requests start together, and sends the CSRF token with writes only', async () => {
    const connection = connect()
    const results = await Promise.all(
      Array.from({length: 12}, (_, index) => connection.request(index % 2 ? 'post' : 'get', '/nodes/pve1/qemu')),
    )
    expect(results.every((result) => result.isOk())).to.equal(true)
    expect(realm.logins).to.deep.equal([{username: 'alice@pve', password: PASSWORD, 'new-format': '1'}])
    for (const {method, url, headers} of server.received) {
      const login = url.endsWith('/access/ticket')
      expect(headers.csrfpreventiontoken !== undefined, `${method} ${url}`).to.equal(!login && method !== 'GET')
      expect(headers.authorization).to.equal(undefined)
    }
  })

  it('says so when the login is refused, and does not try again by itself', async () => {
    const connection = connect({}, 'wrong password')
    const error = (await connection.request('get', '/version'))._unsafeUnwrapErr()
    expect(error.problem).to.include({kind: 'status', status: 401, text: 'authentication failure'})
    expect(error.path).to.equal('/access/ticket')
    expect(realm.logins).to.have.length(1)
    expect(requests()).to.deep.equal([])
  })

  it('renews the ticket in time, with the ticket as the password', async () => {
    const connection = connect()
    await connection.request('get', '/version')
    const [first] = [...realm.valid]
    clock.advance(0.9 * HOUR)
    await connection.request('get', '/version')
    expect(realm.logins).to.have.length(1)
    clock.advance(0.2 * HOUR)
    await Promise.all([connection.request('get', '/version'), connection.request('post', '/version')])
    expect(realm.logins).to.have.length(2)
    expect(realm.logins[1]).to.include({username: 'alice@pve', password: first})
    clock.advance(1.1 * HOUR)
    expect((await connection.request('get', '/version')).isOk()).to.equal(true)
    expect(realm.logins.at(-1)!.password).to.equal([...realm.valid][1])
  })

  it('logs in anew when the ticket is past renewing, or its renewal is refused', async () => {
    const connection = connect()
    await connection.request('get', '/version')
    clock.advance(3 * HOUR)
    await connection.request('get', '/version')
    expect(realm.logins.map(({password}) => password)).to.deep.equal([PASSWORD, PASSWORD])

    clock.advance(1.5 * HOUR)
    realm.valid.clear()
    expect((await connection.request('get', '/version')).isOk()).to.equal(true)
    expect(realm.logins).to.have.length(4)
    expect(realm.logins.at(-1)!.password).to.equal(PASSWORD)
  })

  it('logs in once more when the server no longer takes the ticket, also for writes, and together', async () => {
    const connection = connect()
    await connection.request('get', '/version')
    realm.valid.clear()
    const results = await Promise.all([1, 2, 3, 4].map(() => connection.request('post', '/nodes/pve1/qemu')))
    expect(results.every((result) => result.isOk())).to.equal(true)
    expect(realm.logins).to.have.length(2)
    expect(server.received.filter(({method, url}) => method === 'POST' && url.endsWith('qemu'))).to.have.length(8)
  })

  it('gives up when the new ticket is not taken either', async () => {
    const connection = connect()
    realm.valid.add = function () {
      return this
    }
    const error = (await connection.request('get', '/version'))._unsafeUnwrapErr()
    expect(error.problem).to.include({kind: 'status', status: 401})
    expect(realm.logins).to.have.length(2)
    expect(requests()).to.deep.equal(['GET', 'GET'])
  })

  it('asks for a ticket again when the answer was lost, which does no harm', async () => {
    realm.drop = 1
    expect((await connect().request('post', '/version')).isOk()).to.equal(true)
    expect(realm.logins).to.have.length(2)
    expect(requests()).to.deep.equal(['POST'])
  })

  describe('with a second factor', () => {
    it('answers a TOTP challenge', async () => {
      realm.challenge = {totp: true, recovery: [0, 3]}
      const asked: SecondFactorChallenge[] = []
      const otp: ConnectionDeps['otp'] = (challenge) => {
        asked.push(challenge)
        return Promise.resolve({kind: 'totp', code: ' 123456\n'})
      }
      const connection = connect({otp})
      const results = await Promise.all([connection.request('get', '/version'), connection.request('get', '/version')])
      expect(results.every((result) => result.isOk())).to.equal(true)
      expect(asked).to.deep.equal([
        {username: 'alice@pve', kinds: ['totp', 'recovery'], recoveryKeys: [0, 3], attempt: 1},
      ])
      expect(realm.logins).to.have.length(2)
      expect(realm.logins[1]).to.include({username: 'alice@pve', password: 'totp:123456'})
      expect(realm.logins[1]!['tfa-challenge']).to.match(/^PVE:!tfa!/)
    })

    it('takes a recovery code', async () => {
      realm.challenge = {recovery: [0]}
      realm.code = 'recovery:aaaa-bbbb'
      const otp: ConnectionDeps['otp'] = ({kinds}) => Promise.resolve({kind: kinds[0]!, code: 'aaaa-bbbb'})
      expect((await connect({otp}).request('get', '/version')).isOk()).to.equal(true)
    })

    it('asks again after a wrong code, three times at most, and never sends a code twice', async () => {
      realm.challenge = {totp: true}
      const attempts: number[] = []
      const otp: ConnectionDeps['otp'] = ({attempt}) => {
        attempts.push(attempt)
        return Promise.resolve({kind: 'totp', code: `00000${attempt}`})
      }
      const error = (await connect({otp}).request('get', '/version'))._unsafeUnwrapErr()
      expect(error.problem).to.include({kind: 'status', status: 401})
      expect(attempts).to.deep.equal([1, 2, 3])
      expect(realm.logins.map(({password}) => password)).to.deep.equal([
        PASSWORD,
        'totp:000001',
        'totp:000002',
        'totp:000003',
      ])
    })

    it('does not send a code twice when the answer to it was lost', async () => {
      realm.challenge = {totp: true}
      const otp: ConnectionDeps['otp'] = () => {
        realm.drop = 1
        return Promise.resolve({kind: 'totp', code: '123456'})
      }
      const error = (await connect({otp}).request('get', '/version'))._unsafeUnwrapErr()
      expect(error.problem.kind).to.equal('lost')
      expect(realm.logins).to.have.length(2)
    })

    it('renews without asking again', async () => {
      realm.challenge = {totp: true}
      let asked = 0
      const otp: ConnectionDeps['otp'] = () => {
        asked++
        return Promise.resolve({kind: 'totp', code: '123456'})
      }
      const connection = connect({otp})
      await connection.request('get', '/version')
      clock.advance(1.5 * HOUR)
      expect((await connection.request('get', '/version')).isOk()).to.equal(true)
      expect(asked).to.equal(1)
    })

    it('says which factors would do when there is nobody to ask', async () => {
      realm.challenge = {totp: true, webauthn: {challenge: 'x'}}
      for (const otp of [undefined, () => Promise.resolve(undefined)]) {
        const error = (await connect({otp}).request('get', '/version'))._unsafeUnwrapErr()
        expect(error.problem).to.deep.equal({kind: 'second-factor', methods: ['totp']})
      }

      expect(requests()).to.deep.equal([])
    })

    it('hands on that the question was cut off', async () => {
      realm.challenge = {totp: true}
      const otp: ConnectionDeps['otp'] = () => Promise.reject(new Error('prompt closed'))
      const outcome = await connect({otp})
        .request('get', '/version')
        .then(
          () => 'answered',
          (error: unknown) => (error as Error).message,
        )
      expect(outcome).to.equal('prompt closed')
    })
  })

  it('shows neither password, code, ticket nor CSRF token', async () => {
    realm.challenge = {totp: true}
    const lines: string[] = []
    const otp: ConnectionDeps['otp'] = () => Promise.resolve({kind: 'totp', code: '123456'})
    const connection = connect({otp, onDebug: (line) => lines.push(line)})
    await connection.request('post', '/nodes', {description: `${PASSWORD} 123456`})
    realm.valid.clear()
    await connection.request('get', '/nodes')
    const [ticket] = [...realm.valid]
    const shown = [...lines, inspect(connection, {depth: 20, showHidden: true})].join('\n')
    expect(lines.length).to.be.greaterThan(5)
    for (const secret of [PASSWORD, '123456', ticket!, encodeURIComponent(ticket!), 'csrf of', '!tfa!'])
      expect(shown).to.not.include(secret)
  })
})
