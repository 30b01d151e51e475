import {expect} from 'chai'

import {loadSchema} from '../../../src/schema/schema.js'
import {authenticate, AuthenticationError, type Credentials} from '../../../src/simulator/access/authenticate.js'
import {decodeBase32, hashPassword, passwordMatches, totpCode} from '../../../src/simulator/access/secrets.js'
import {
  isCsrfToken,
  isHalfTicket,
  makeCsrfToken,
  makeHalfTicket,
  makeTicket,
  ticketUser,
} from '../../../src/simulator/access/tickets.js'
import {FIXTURES, loadFixture} from '../../../src/simulator/fixtures/load.js'
import {aclKey, type AclRecord} from '../../../src/simulator/kernel/state.js'
import {openWorld, type World} from '../../../src/simulator/kernel/world.js'

const schemas = {'8.4': loadSchema('8.4'), '9.2': loadSchema('9.2')}

function newWorld(version: '8.4' | '9.2' = '8.4'): World {
  const world = openWorld(schemas[version], {kind: 'stepped'})
  loadFixture(world, 'recorded', FIXTURES['recorded']!)
  return world
}

function grant(world: World, path: string, ugid: string, roleid: string, rest: Partial<AclRecord> = {}): void {
  const type = ugid.includes('!') ? 'token' : ugid.includes('@') ? 'user' : 'group'
  const entry: AclRecord = {path, ugid, roleid, type, propagate: true, ...rest}
  world.store.of('acl').put(aclKey(entry), entry)
}

const names = (world: World, user: string, path: string | undefined): string[] =>
  [...world.access.privilegesOn(user, path).keys()].sort()

describe('simulator privileges', () => {
  it('gives root@pam everything everywhere, his token too where the path is one', () => {
    const world = newWorld()
    expect(names(world, 'root@pam', undefined)).to.include('Sys.Modify')
    expect(names(world, 'root@pam!t1', '/vms/100')).to.deep.equal(names(world, 'root@pam', '/'))
    expect(names(world, 'root@pam!t1', undefined)).to.deep.equal([])
  })

  it('propagates, overrides deeper, and prefers the user over his groups', () => {
    const world = newWorld()
    world.store.of('groups').put('team', {groupid: 'team', users: ['nobody@pve']})
    grant(world, '/vms', 'team', 'PVEVMUser')
    expect(names(world, 'nobody@pve', '/vms/100')).to.include('VM.PowerMgmt')
    grant(world, '/vms', 'nobody@pve', 'PVETemplateUser')
    expect(names(world, 'nobody@pve', '/vms/100')).to.deep.equal(['VM.Audit', 'VM.Clone'])
    grant(world, '/vms/100', 'nobody@pve', 'NoAccess')
    expect(names(world, 'nobody@pve', '/vms/100')).to.deep.equal([])
    grant(world, '/storage', 'nobody@pve', 'PVEDatastoreUser', {propagate: false})
    expect(names(world, 'nobody@pve', '/storage/local')).to.deep.equal([])
    expect(names(world, 'nobody@pve', '/storage')).to.include('Datastore.Audit')
  })

  it('adds what a pool grants on its members', () => {
    const world = newWorld()
    grant(world, '/pool/lab', 'nobody@pve', 'PVEVMAdmin')
    expect(names(world, 'nobody@pve', '/vms/7000')).to.deep.equal([])
    world.store.of('pools').put('lab', {poolid: 'lab', vms: [7000], storages: []})
    expect(names(world, 'nobody@pve', '/vms/7000')).to.include('VM.Allocate')
  })

  it('intersects a separated token with its user', () => {
    const world = newWorld()
    expect(names(world, 'admin@pve!sep', '/vms/1')).to.deep.equal([])
    expect(names(world, 'admin@pve!full', '/vms/1')).to.include('VM.Allocate')
    grant(world, '/', 'admin@pve!sep', 'PVEVMUser')
    expect(names(world, 'admin@pve!sep', '/vms/1'))
      .to.include('VM.PowerMgmt')
      .and.not.include('VM.Allocate')
    world.store.of('acl').delete(aclKey({path: '/', type: 'user', ugid: 'admin@pve', roleid: 'Administrator'}))
    expect(names(world, 'admin@pve!sep', '/vms/1')).to.deep.equal([])
  })

  it('knows which release has which privilege', () => {
    expect(names(newWorld('8.4'), 'root@pam', '/'))
      .to.include('VM.Monitor')
      .and.not.include('VM.GuestAgent.Audit')
    expect(names(newWorld('9.2'), 'root@pam', '/'))
      .to.include('VM.GuestAgent.Audit')
      .and.not.include('VM.Monitor')
  })
})

describe('simulator tickets', () => {
  const key = 'k'
  const now = 1_800_000_000

  it('are good for two hours, and for clocks five minutes ahead', () => {
    const ticket = makeTicket(key, 'admin@pve', now)
    expect(ticket).to.match(/^PVE:admin@pve:6B49D200::[\w+/]{342}==$/)
    expect(ticketUser(key, ticket, now + 7199)).to.equal('admin@pve')
    expect(ticketUser(key, ticket, now + 7200)).to.equal(undefined)
    expect(ticketUser(key, ticket, now - 299)).to.equal('admin@pve')
    expect(ticketUser(key, ticket, now - 301)).to.equal(undefined)
  })

  it('are refused when changed, cut, or of another key', () => {
    const ticket = makeTicket(key, 'admin@pve', now)
    expect(ticketUser(key, ticket.replace('admin', 'root'), now)).to.equal(undefined)
    expect(ticketUser(key, ticket.slice(0, -10), now)).to.equal(undefined)
    expect(ticketUser('other', ticket, now)).to.equal(undefined)
    expect(ticketUser(key, 'PVE:admin@pve:deadbeef::xxxx', now)).to.equal(undefined)
  })

  it('are worth nothing while the second factor is missing', () => {
    const half = makeHalfTicket(key, 'admin@pve', {totp: true}, now)
    expect(half).to.match(/^PVE:!tfa!%7B%22totp%22%3Atrue%7D:/)
    expect(ticketUser(key, half, now)).to.equal(undefined)
    expect(isHalfTicket(key, 'admin@pve', half, now)).to.equal(true)
    expect(isHalfTicket(key, 'viewer@pve', half, now)).to.equal(false)
  })

  it('come with a CSRF token bound to the user', () => {
    const token = makeCsrfToken(key, 'admin@pve', now)
    expect(token).to.match(/^[\dA-F]{8}:[\w+/]{43}$/)
    expect(isCsrfToken(key, 'admin@pve', token, now + 60)).to.equal(true)
    expect(isCsrfToken(key, 'viewer@pve', token, now)).to.equal(false)
    expect(isCsrfToken(key, 'admin@pve', token, now + 7200)).to.equal(false)
    expect(isCsrfToken(key, 'admin@pve', '65F0:abc', now)).to.equal(false)
  })
})

describe('simulator secrets', () => {
  it('makes the codes of RFC 6238', () => {
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    expect(decodeBase32(secret).toString()).to.equal('12345678901234567890')
    expect(totpCode({secret, digits: 8}, 59)).to.equal('94287082')
    expect(totpCode({secret, digits: 8}, 1_111_111_109)).to.equal('07081804')
    expect(totpCode({secret, digits: 8}, 20_000_000_000)).to.equal('65353130')
  })

  it('keeps passwords as salted hashes', () => {
    const stored = hashPassword('secret')
    expect(stored).to.not.contain('secret')
    expect(passwordMatches('secret', stored)).to.equal(true)
    expect(passwordMatches('Secret', stored)).to.equal(false)
    expect(passwordMatches('secret', undefined)).to.equal(false)
    expect(hashPassword('secret')).to.not.equal(stored)
  })
})

describe('simulator authentication', () => {
  const none: Credentials = {authorization: undefined, cookie: undefined, csrfToken: undefined}
  const refusal = (world: World, credentials: Partial<Credentials>, needsCsrf = false): string => {
    try {
      authenticate(world, {...none, ...credentials}, needsCsrf)
    } catch (error) {
      if (error instanceof AuthenticationError) return error.message
      throw error
    }

    return 'let in'
  }

  const header = (token: string) => ({authorization: `PVEAPIToken=${token}`})

  it('says before 9.1.5 what is wrong with a token', () => {
    const world = newWorld()
    const secret = '11111111-1111-4111-8111-111111111111'
    expect(refusal(world, header(`root@pam!t1=${secret}`))).to.equal('let in')
    expect(refusal(world, header('root@pam!t1=x'))).to.equal('invalid token value!')
    expect(refusal(world, header('root@pam!nope=x'))).to.equal("no such token 'nope' for user 'root@pam'")
    expect(refusal(world, header('root@pam!t1'))).to.equal('no tokenid specified')
    expect(refusal(world, {})).to.equal('No ticket')
    world.store.of('tokens').update('root@pam!t1', {expire: 1000})
    expect(refusal(world, header(`root@pam!t1=${secret}`))).to.equal("token 't1' access expired")
    world.store.of('users').update('root@pam', {enable: false})
    expect(refusal(world, header(`root@pam!t1=${secret}`))).to.equal("user 'root@pam' is disabled")
  })

  it('says nothing since', () => {
    const world = newWorld('9.2')
    expect(refusal(world, header('root@pam!t1=x'))).to.equal('Authentication failed!')
    expect(refusal(world, {cookie: 'PVEAuthCookie=PVE:root@pam:0::x'})).to.equal('Authentication failed!')
    expect(refusal(world, {})).to.equal('No ticket')
  })

  it('takes a ticket from the cookie, encoded or not, and asks for the CSRF token of writes', () => {
    const world = newWorld()
    const ticket = makeTicket(world.meta.authKey, 'admin@pve', world.clock.now())
    const cookie = `theme=dark; PVEAuthCookie=${encodeURIComponent(ticket)}`
    expect(refusal(world, {cookie})).to.equal('let in')
    expect(refusal(world, {cookie: `PVEAuthCookie=${ticket}`})).to.equal('let in')
    expect(refusal(world, {cookie}, true)).to.equal('Permission denied - invalid csrf token')
    world.store.of('users').update('admin@pve', {expire: world.clock.now() - 1})
    expect(refusal(world, {cookie})).to.equal("user 'admin@pve' access expired")
  })
})
