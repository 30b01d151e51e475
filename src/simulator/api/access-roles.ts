import {rolePrivileges} from '../access/roles.js'
import {underLock} from '../config/sections.js'
import {die, paramError} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'

export const accessRolesRoutes: Routes = {
  'GET /access/roles'({world}) {
    const own = [...world.store.of('roles').values()].map(({roleid, privs}) => ({roleid, privs, special: 0}))
    const builtin = [...world.access.roles].map(([roleid, privs]) => ({roleid, privs, special: 1}))
    return [...builtin, ...own].map(({roleid, privs, special}) => ({
      roleid,
      privs: [...privs].sort().join(','),
      special,
    }))
  },

  'POST /access/roles'(call) {
    const roleid = call.required('roleid')
    // the name space of built-in roles is reserved since 8.0
    if (call.world.release !== '7.4' && /^PVE/i.test(roleid))
      paramError({roleid: "cannot use role ID starting with the (case-insensitive) 'PVE' namespace"})
    underLock('create role failed', () => {
      if (exists(call, roleid)) die(`role '${roleid}' already exists`)
      call.world.store.of('roles').put(roleid, {roleid, privs: validPrivileges(call)})
    })
    return null
  },

  'GET /access/roles/{roleid}'(call) {
    const roleid = call.required('roleid')
    if (!exists(call, roleid)) die(`role '${roleid}' does not exist`)
    const privs = rolePrivileges(call.world.access.roles, call.world.store.of('roles'), roleid)
    return Object.fromEntries(privs.map((priv) => [priv, 1]))
  },

  'PUT /access/roles/{roleid}'(call) {
    const roleid = call.required('roleid')
    if (call.world.access.roles.has(roleid)) die(`auto-generated role '${roleid}' cannot be modified`)
    underLock('update role failed', () => {
      const role = call.world.store.of('roles').get(roleid) ?? die(`role '${roleid}' does not exist`)
      const before = call.flag('append') ? role.privs : []
      call.world.store.of('roles').put(roleid, {roleid, privs: [...new Set([...before, ...validPrivileges(call)])]})
    })
    return null
  },

  'DELETE /access/roles/{roleid}'(call) {
    const roleid = call.required('roleid')
    if (call.world.access.roles.has(roleid)) die(`auto-generated role '${roleid}' cannot be deleted`)
    underLock('delete role failed', () => {
      if (!call.world.store.of('roles').delete(roleid)) die(`role '${roleid}' does not exist`)
    })
    return null
  },
}

function exists({world}: Call, roleid: string): boolean {
  return world.access.roles.has(roleid) || world.store.of('roles').has(roleid)
}

function validPrivileges(call: Call): readonly string[] {
  const known = call.world.access.roles.get('Administrator') ?? []
  const privs = [...new Set(call.list('privs'))]
  for (const priv of privs) if (!known.includes(priv)) die(`invalid privilege '${priv}'`)
  return privs
}
