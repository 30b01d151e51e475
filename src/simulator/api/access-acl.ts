import {splitAuthuser} from '../access/privileges.js'
import {underLock} from '../config/sections.js'
import {normalizeAclPath} from '../front-door/permissions.js'
import {aclKey, type AclRecord} from '../kernel/state.js'
import {die, paramError} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'

/** One segment of a path that names an object. */
const NAME = String.raw`[A-Za-z0-9.\-_]+`
/** What ACL entries can be made for; of an entry that is already there any path will do. */
const VALID_PATHS = new RegExp(
  `^(?:/|${[
    `/access(?:/groups(?:/${NAME})?|/realm(?:/${NAME})?)?`,
    `/mapping(?:/${NAME}(?:/${NAME})?)?`,
    `/nodes(?:/${NAME})?`,
    `/pool(?:/${NAME}){0,3}`,
    `/sdn(?:/(?:controllers|dns|fabrics|ipams)(?:/${NAME})?)?`,
    `/sdn/zones(?:/${NAME}(?:/${NAME}(?:/[1-9][0-9]{0,3})?)?)?`,
    `/storage(?:/${NAME})?`,
    '/vms(?:/[1-9][0-9]{2,})?',
  ].join('|')})$`,
)

export const accessAclRoutes: Routes = {
  'GET /access/acl'(call) {
    const audits = call.has('/access', 'Sys.Audit')
    return [...call.world.store.of('acl').values()]
      .filter(({path}) => audits || mayModify(call, path))
      .map(({path, type, ugid, roleid, propagate}) => ({path, type, ugid, roleid, propagate: propagate ? 1 : 0}))
  },

  'PUT /access/acl'(call) {
    const users = call.list('users')
    const groups = call.list('groups')
    const tokens = call.list('tokens')
    if (users.length + groups.length + tokens.length === 0) {
      const text = "either 'users', 'groups' or 'tokens' is required."
      paramError({users: text, groups: text, tokens: text})
    }

    const given = call.required('path')
    const path = normalizeAclPath(given)
    const removes = call.flag('delete') ?? false
    if (path === undefined || (!removes && !VALID_PATHS.test(path)))
      return paramError({path: `invalid ACL path '${given}'`})
    const propagate = call.flag('propagate') ?? true
    underLock('ACL update failed', () => {
      const entries = call.list('roles').flatMap((roleid) => {
        if (!call.world.access.roles.has(roleid) && !call.world.store.of('roles').has(roleid))
          die(`role '${roleid}' does not exist`)
        return [
          ...groups.map((ugid) => ({path, type: 'group' as const, ugid, roleid, propagate})),
          ...users.map((ugid) => ({path, type: 'user' as const, ugid, roleid, propagate})),
          ...tokens.map((ugid) => ({path, type: 'token' as const, ugid, roleid, propagate})),
        ]
      })
      for (const entry of entries) checkSubject(call, entry)
      for (const entry of entries) {
        if (removes) call.world.store.of('acl').delete(aclKey(entry))
        else call.world.store.of('acl').put(aclKey(entry), entry)
      }
    })
    return null
  },
}

function checkSubject({world: {store}}: Call, {type, ugid}: AclRecord): void {
  if (type === 'group' && !store.of('groups').has(ugid)) die(`group '${ugid}' does not exist`)
  if (type === 'user' && !store.of('users').has(ugid)) die(`user '${ugid}' does not exist`)
  if (type !== 'token') return
  const {userid, tokenid} = splitAuthuser(ugid)
  if (!store.of('users').has(userid)) die(`no such user ('${userid}')`)
  if (!store.of('tokens').has(ugid)) die(`no such token '${tokenid}' for user '${userid}'`)
}

/** Whether the caller may hand out rights on a path. */
export function mayModify(call: Call, path: string): boolean {
  return call.hasAny(path, ...modifyPrivileges(path))
}

/** The privileges of which one is needed to change who may do what with an object. */
export function modifyPrivileges(path: string): readonly string[] {
  const kind = /^\/(storage|vms|pool)\/.+$/.exec(path)?.[1]
  const allocate = {storage: 'Datastore.Allocate', vms: 'VM.Allocate', pool: 'Pool.Allocate'}[kind ?? '']
  return allocate === undefined ? ['Permissions.Modify'] : ['Permissions.Modify', allocate]
}
