import {expect} from 'chai'
import {loadSchema, type PermissionSchema} from '../../../src/schema/schema.js'
import {
  evaluatePermission,
  normalizeAclPath,
  type PermissionContext,
} from '../../../src/simulator/front-door/permissions.js'

const schema = loadSchema('8.4')

function permissionsOf(method: string, template: string): PermissionSchema | undefined {
  const found = schema.find(method, template)
  expect(found, `${method} ${template}`).to.not.equal(undefined)
  return found?.permissions
}

interface World {
  readonly authuser?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly acl?: Readonly<Record<string, readonly string[]>>
  readonly users?: Readonly<Record<string, readonly string[]>>
}

/** A user with the given privileges on exactly the given paths. */
function context({authuser = 'joe@pve', params = {}, acl = {}, users = {'joe@pve': []}}: World): PermissionContext {
  return {
    authuser,
    params,
    privilegesOn: (path) => new Set(acl[path]),
    userExists: (userid) => userid in users,
    groupExists: (group) => Object.values(users).some((groups) => groups.includes(group)),
    groupsOf: (userid) => users[userid] ?? [],
  }
}

function answer(method: string, template: string, world: World): string {
  const result = evaluatePermission(permissionsOf(method, template), context(world))
  return result.ok ? 'granted' : `${result.status} ${result.message}`
}

describe('permissions of a request', () => {
  it('are not asked of root@pam, but of its tokens', () => {
    const params = {node: 'pve1', vmid: '100'}
    expect(answer('GET', '/nodes/{node}/qemu/{vmid}/config', {authuser: 'root@pam', params})).to.equal('granted')
    expect(answer('GET', '/nodes/{node}/qemu/{vmid}/config', {authuser: 'root@pam!t1', params})).to.equal(
      '403 Permission check failed (/vms/100, VM.Audit)',
    )
    expect(answer('POST', '/nodes/{node}/execute', {authuser: 'root@pam!t1', params})).to.equal(
      '403 Permission check failed (user != root@pam)',
    )
    expect(answer('POST', '/nodes/{node}/execute', {authuser: 'root@pam', params})).to.equal('granted')
  })

  it('need a user, except where the world is let in', () => {
    const nobody = {...context({}), authuser: undefined}
    expect(evaluatePermission({user: 'all'}, nobody)).to.deep.equal({
      ok: false,
      status: 403,
      message: 'Permission check failed (user != null)',
    })
    expect(evaluatePermission(permissionsOf('POST', '/access/ticket'), nobody)).to.deep.equal({ok: true})
    expect(answer('GET', '/version', {})).to.equal('granted')
  })

  it('name the first privilege that is missing, or all alternatives', () => {
    const params = {node: 'pve1', storage: 'local', url: 'http://example.org/a.iso'}
    expect(answer('GET', '/nodes/{node}/storage/{storage}/status', {params})).to.equal(
      '403 Permission check failed (/storage/local, Datastore.Audit|Datastore.AllocateSpace)',
    )
    expect(
      answer('GET', '/nodes/{node}/storage/{storage}/status', {
        params,
        acl: {'/storage/local': ['Datastore.AllocateSpace']},
      }),
    ).to.equal('granted')
    expect(
      answer('POST', '/nodes/{node}/storage/{storage}/download-url', {
        params,
        acl: {'/storage/local': ['Datastore.AllocateTemplate'], '/': ['Sys.Audit']},
      }),
    ).to.equal('403 Permission check failed')
    expect(
      answer('POST', '/nodes/{node}/storage/{storage}/download-url', {
        params,
        acl: {'/storage/local': ['Datastore.AllocateTemplate'], '/nodes/pve1': ['Sys.AccessNetwork']},
      }),
    ).to.equal('granted')
  })

  it('use raw parameters in paths', () => {
    expect(answer('GET', '/nodes/{node}/status', {params: {node: 'bad_node!'}})).to.equal(
      '403 Permission check failed (, Sys.Audit)',
    )
    expect(answer('POST', '/pools', {params: {poolid: 'a b'}})).to.equal(
      '403 Permission check failed (, Pool.Allocate)',
    )
    expect(answer('POST', '/pools', {params: {}})).to.equal('403 Permission check failed (/pool/-, Pool.Allocate)')
    expect(answer('POST', '/pools', {params: {poolid: ['a', 'b']}})).to.equal(
      '403 Permission check failed (, Pool.Allocate)',
    )
  })

  it('of a clone accept the pool instead of the new guest, when a pool is given', () => {
    const acl = {'/vms/100': ['VM.Clone'], '/pool/lab': ['VM.Allocate']}
    const params = {node: 'pve1', vmid: '100', newid: '101'}
    const clone = '/nodes/{node}/qemu/{vmid}/clone'
    expect(answer('POST', clone, {params})).to.equal('403 Permission check failed (/vms/100, VM.Clone)')
    expect(answer('POST', clone, {params, acl})).to.equal('403 Permission check failed')
    expect(answer('POST', clone, {params: {...params, pool: 'lab'}, acl})).to.equal('granted')
    expect(answer('POST', clone, {params, acl: {...acl, '/vms/101': ['VM.Allocate']}})).to.equal('granted')
  })

  it('to change an ACL may come from the allocation privilege of what it is about', () => {
    const acl = {'/vms/100': ['VM.Allocate'], '/storage/local': ['VM.Allocate']}
    expect(answer('PUT', '/access/acl', {params: {path: '/vms//100/'}, acl})).to.equal('granted')
    expect(answer('PUT', '/access/acl', {params: {path: '/storage/local'}, acl})).to.equal(
      '403 Permission check failed (/storage/local, Permissions.Modify|Datastore.Allocate)',
    )
    expect(answer('PUT', '/access/acl', {params: {path: '/'}, acl})).to.equal(
      '403 Permission check failed (/, Permissions.Modify)',
    )
  })

  describe('on users', () => {
    const users = {'joe@pve': [], 'amy@pve': ['lab'], 'bob@pve': ['ops']}
    const ofLab = {'/access/groups/lab': ['User.Modify'], '/access/realm/pve': ['Realm.AllocateUser']}
    const token = '/access/users/{userid}/token/{tokenid}'

    it('let everybody manage the own account, but not through a token', () => {
      expect(answer('GET', token, {params: {userid: 'joe@pve'}, users})).to.equal('granted')
      expect(answer('GET', token, {authuser: 'joe@pve!ci', params: {userid: 'joe@pve'}, users})).to.equal(
        '403 Permission check failed',
      )
    })

    it('let those manage a user who may manage one of its groups', () => {
      expect(answer('GET', token, {params: {userid: 'amy@pve'}, users, acl: ofLab})).to.equal('granted')
      expect(answer('GET', token, {params: {userid: 'bob@pve'}, users, acl: ofLab})).to.equal(
        '403 Permission check failed',
      )
      expect(answer('DELETE', '/access/users/{userid}', {params: {userid: 'amy@pve'}, users, acl: ofLab})).to.equal(
        'granted',
      )
    })

    it('say nothing about users that do not exist, where another branch could grant', () => {
      expect(answer('POST', token, {authuser: 'root@pam!t1', params: {userid: 'ghost@pve'}, users})).to.equal(
        '403 Permission check failed',
      )
      expect(answer('GET', '/access/users/{userid}', {params: {userid: 'ghost@pve'}, users})).to.equal(
        "500 no such user ('ghost@pve')",
      )
    })

    it('of a new user are for its realm, and for each of its groups', () => {
      const create = (params: Record<string, string>, acl: Record<string, string[]>): string =>
        answer('POST', '/access/users', {params, users, acl})
      expect(create({userid: 'new@pve'}, {})).to.equal(
        '403 Permission check failed (/access/realm/pve, Realm.AllocateUser)',
      )
      expect(create({userid: 'new@pve'}, ofLab)).to.equal('403 Permission check failed (/access/groups, User.Modify)')
      expect(create({userid: 'new@pve', groups: 'lab,ops'}, ofLab)).to.equal(
        '403 Permission check failed (/access/groups/ops, User.Modify)',
      )
      expect(create({userid: 'new@pve', groups: 'lab'}, ofLab)).to.equal('granted')
      expect(create({userid: 'x'}, ofLab)).to.equal("500 user name 'x' is too short")
    })

    it('to set a password speak of what the last branch lacked', () => {
      expect(answer('PUT', '/access/password', {params: {userid: 'amy@pve'}, users})).to.equal(
        '403 Permission check failed (/access/realm/pve, Realm.AllocateUser)',
      )
      expect(answer('PUT', '/access/password', {params: {userid: 'amy@pve'}, users, acl: ofLab})).to.equal('granted')
    })
  })

  it('have only expressions that are understood, in every version', () => {
    for (const version of ['7.4', '8.4', '9.2'] as const) {
      for (const {permissions, method, template} of loadSchema(version).methods()) {
        const params = {userid: 'joe@pve', path: '/'}
        const result = evaluatePermission(permissions, context({authuser: 'amy@pve', params}))
        if (!result.ok) expect(result.message, `${version} ${method} ${template}`).to.match(/^Permission check failed/)
      }
    }
  })
})

describe('normalizeAclPath', () => {
  it('cleans slashes and refuses what is in no path', () => {
    expect(normalizeAclPath('vms//100/')).to.equal('/vms/100')
    expect(normalizeAclPath('/')).to.equal('/')
    expect(normalizeAclPath('//')).to.equal('/')
    expect(normalizeAclPath('')).to.equal(undefined)
    expect(normalizeAclPath('/vms/a b')).to.equal(undefined)
  })
})
