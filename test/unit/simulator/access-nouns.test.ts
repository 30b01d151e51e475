import {expect} from 'chai'

import {totpCode} from '../../../src/simulator/access/secrets.js'
import {type ApiWorld, openApiWorld} from '../../helpers/api-world.js'

describe('simulated users, groups, roles and tokens', () => {
  let api: ApiWorld
  beforeEach(() => {
    api = openApiWorld('recorded')
  })
  afterEach(() => api.close())

  it('keeps users, and removes with them all that hangs on them', async () => {
    await api.call('POST', '/access/groups', {groupid: 'ops', comment: 'on call'})
    await api.call('POST', '/access/users', {userid: 'eve@pve', password: 'secret-enough', groups: 'ops'})
    await api.call('POST', '/access/users/eve@pve/token/ci', {privsep: 0})
    await api.call('PUT', '/access/acl', {path: '/vms/100', users: 'eve@pve', roles: 'PVEVMUser'})
    expect(await api.call('GET', '/access/users/eve@pve')).to.deep.equal({
      enable: 1,
      expire: 0,
      groups: ['ops'],
      tokens: {ci: {privsep: 0, expire: 0}},
    })
    expect(await api.failure('POST', '/access/users', {userid: 'eve@pve'})).to.equal(
      "500 create user failed: user 'eve@pve' already exists",
    )
    await api.call('DELETE', '/access/users/eve@pve')
    expect(await api.call('GET', '/access/groups/ops')).to.deep.equal({comment: 'on call', members: []})
    const acl = (await api.call('GET', '/access/acl')) as {ugid: string}[]
    expect(acl.map(({ugid}) => ugid)).not.to.include('eve@pve')
    expect(api.world.store.of('tokens').has('eve@pve!ci')).to.equal(false)
  })

  it('guards the built-in roles and their name space', async () => {
    expect(await api.failure('PUT', '/access/roles/PVEAdmin', {privs: 'VM.Audit'})).to.equal(
      "500 auto-generated role 'PVEAdmin' cannot be modified",
    )
    expect(await api.failure('POST', '/access/roles', {roleid: 'pveMine'})).to.match(/^400 .*namespace$/)
    await api.call('POST', '/access/roles', {roleid: 'watcher', privs: 'VM.Audit'})
    await api.call('PUT', '/access/roles/watcher', {privs: 'Sys.Audit', append: 1})
    expect(await api.call('GET', '/access/roles/watcher')).to.deep.equal({'VM.Audit': 1, 'Sys.Audit': 1})
  })

  it('says what is wrong with an ACL entry', async () => {
    expect(await api.failure('PUT', '/access/acl', {path: '/vms/abc', users: 'admin@pve', roles: 'PVEAdmin'})).to.equal(
      "400 Parameter verification failed. path invalid ACL path '/vms/abc'",
    )
    expect(await api.failure('PUT', '/access/acl', {path: '/', groups: 'none', roles: 'PVEAdmin'})).to.equal(
      "500 ACL update failed: group 'none' does not exist",
    )
  })

  it('gives a token another secret on 9.x only', async () => {
    expect(await api.failure('PUT', '/access/users/admin@pve/token/full', {regenerate: 1})).to.match(
      /^400 .*regenerate/,
    )
    const nine = openApiWorld('recorded', {version: '9.2'})
    const before = nine.world.store.of('tokens').get('admin@pve!full')!.secretHash
    const answer = await nine.call('PUT', '/access/users/admin@pve/token/full', {regenerate: 1})
    expect(answer).to.have.property('full-tokenid', 'admin@pve!full')
    expect(answer.value).to.match(/^[\da-f-]{36}$/)
    expect(nine.world.store.of('tokens').get('admin@pve!full')!.secretHash).not.to.equal(before)
    nine.close()
  })

  it('adds a second factor that is proved by a code, and recovery keys once', async () => {
    const root = openApiWorld('recorded', {user: 'root@pam'})
    const secret = 'JBSWY3DPEHPK3PXP'
    const totp = `otpauth://totp/x?secret=${secret}`
    const add = {type: 'totp', description: 'phone', totp}
    expect(await root.failure('POST', '/access/tfa/admin@pve', {...add, value: '000000'})).to.match(/failed to verify/)
    const value = totpCode({secret}, root.world.clock.now())
    const {id} = await root.call('POST', '/access/tfa/admin@pve', {...add, value})
    const {recovery} = await root.call('POST', '/access/tfa/admin@pve', {type: 'recovery', description: 'paper'})
    expect(recovery).to.have.length(10)
    expect(await root.failure('POST', '/access/tfa/admin@pve', {type: 'recovery', description: 'again'})).to.equal(
      '500 user already has recovery keys',
    )
    await root.call('DELETE', `/access/tfa/admin@pve/${id}`)
    const left = (await root.call('GET', '/access/tfa/admin@pve')) as {type: string}[]
    expect(left.map(({type}) => type)).to.deep.equal(['recovery'])
    root.close()
  })

  it('keeps a guest in one pool, and a pool that is not empty', async () => {
    await api.call('POST', '/pools', {poolid: 'a'})
    await api.call('POST', '/pools', {poolid: 'b'})
    await api.call('PUT', '/pools', {poolid: 'a', vms: '100', storage: 'local2'})
    expect(await api.failure('PUT', '/pools', {poolid: 'b', vms: '100'})).to.equal(
      "500 update pools failed: VM 100 belongs already to pool 'a' and 'allow-move' is not set",
    )
    await api.call('PUT', '/pools', {poolid: 'b', vms: '100', 'allow-move': 1})
    expect(await api.failure('DELETE', '/pools', {poolid: 'a'})).to.equal(
      "500 delete pool failed: pool 'a' is not empty (contains storage 'local2')",
    )
    // a member that does not exist holds nothing
    await api.call('DELETE', '/pools', {poolid: 'b'})
  })
})
