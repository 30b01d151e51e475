import {die} from '../kernel/pve-error.js'

import type {UserRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** Accounts every node has besides those of Proxmox. */
const SYSTEM_USERS: ReadonlySet<string> = new Set(['root'])

/** `name@realm` in its two parts; the name may hold further `@`. */
export function splitUserid(userid: string): {name: string; realm: string} {
  const at = userid.lastIndexOf('@')
  return {name: userid.slice(0, at), realm: userid.slice(at + 1)}
}

/** The user, or 500 `no such user`. */
export function existingUser({store}: World, userid: string): UserRecord {
  return store.of('users').get(userid) ?? die(`no such user ('${userid}')`)
}

/** Whether a realm keeps passwords that can be set here; dies with its refusal otherwise. */
export function checkPasswordChange({store}: World, userid: string): void {
  const {name, realm} = splitUserid(userid)
  const domain = store.of('domains').get(realm) ?? die(`auth domain '${realm}' does not exist`)
  if (domain.type === 'pve') return
  if (domain.type !== 'pam') die(`can't set password on auth type '${domain.type}'`)
  if (!SYSTEM_USERS.has(name)) die(`change password failed: user '${name}' does not exist`)
}

/** Removes a user and all that hangs on him: tokens, second factors, group memberships, ACL entries. */
export function removeUser(world: World, userid: string): void {
  const {store} = world
  for (const [key, token] of [...store.of('tokens').entries()])
    if (token.userid === userid) store.of('tokens').delete(key)
  store.of('tfa').delete(userid)
  leaveGroups(world, userid)
  for (const [key, entry] of [...store.of('acl').entries()]) {
    const isHis =
      (entry.type === 'user' && entry.ugid === userid) ||
      (entry.type === 'token' && entry.ugid.startsWith(`${userid}!`))
    if (isHis) store.of('acl').delete(key)
  }

  store.of('users').delete(userid)
}

/** Takes a user out of all groups. */
export function leaveGroups({store}: World, userid: string): void {
  for (const group of [...store.of('groups').values()]) {
    if (group.users.includes(userid))
      store.of('groups').update(group.groupid, {users: group.users.filter((user) => user !== userid)})
  }
}

/** Puts a user into groups, which must exist. */
export function joinGroups({store}: World, userid: string, groupids: readonly string[]): void {
  for (const groupid of groupids) {
    const group = store.of('groups').get(groupid) ?? die(`no such group '${groupid}'`)
    if (!group.users.includes(userid)) store.of('groups').update(groupid, {users: [...group.users, userid]})
  }
}
