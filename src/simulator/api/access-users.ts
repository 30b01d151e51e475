import {hashPassword} from '../access/secrets.js'
import {checkPasswordChange, existingUser, joinGroups, leaveGroups, removeUser, splitUserid} from '../access/users.js'
import {underLock} from '../config/sections.js'
import {die, type Json} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'
import type {UserRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

const TEXTS = ['firstname', 'lastname', 'email', 'comment', 'keys'] as const
/** Who may see all users. */
const SEES_ALL = ['User.Modify', 'Sys.Audit']

export const accessUsersRoutes: Routes = {
  /** Those in groups the caller may look after, and always himself. */
  'GET /access/users'(call) {
    const {world} = call
    const full = call.flag('full') ?? false
    const enabled = call.flag('enabled')
    const visible = usersInSight(call)
    return [...world.store.of('users').values()]
      .filter((user) => visible(user.userid) && (enabled === undefined || user.enable === enabled))
      .sort((a, b) => (a.userid < b.userid ? -1 : 1))
      .map((user) => {
        const type = world.store.of('domains').get(splitUserid(user.userid).realm)?.type
        return {
          ...userData(user),
          ...(full && {groups: groupsOf(world, user.userid).join(','), tokens: tokenList(world, user.userid)}),
          ...(type !== undefined && {'realm-type': type}),
          userid: user.userid,
        }
      })
  },

  'POST /access/users'(call) {
    const {world} = call
    const userid = call.required('userid')
    underLock('create user failed', () => {
      if (world.store.of('users').has(userid)) die(`user '${userid}' already exists`)
      const password = call.text('password')
      if (password !== undefined) checkPasswordChange(world, userid)
      const groups = call.list('groups')
      for (const group of groups) if (!world.store.of('groups').has(group)) die(`no such group '${group}'`)
      world.store.of('users').put(userid, {
        userid,
        enable: call.flag('enable') ?? true,
        expire: call.number('expire') ?? 0,
        ...texts(call, (text) => text !== ''),
        ...(password !== undefined && {password: hashPassword(password)}),
      })
      joinGroups(world, userid, groups)
    })
    return null
  },

  'GET /access/users/{userid}'(call) {
    const userid = call.required('userid')
    const user = existingUser(call.world, userid)
    const tokens = tokenList(call.world, userid)
    return {
      ...userData(user),
      groups: groupsOf(call.world, userid),
      tokens: tokens && Object.fromEntries(tokens.map(({tokenid, ...token}) => [tokenid, token])),
    }
  },

  'PUT /access/users/{userid}'(call) {
    const {world} = call
    const userid = call.required('userid')
    underLock('update user failed', () => {
      existingUser(world, userid)
      if (call.text('groups') !== undefined) {
        const groups = call.list('groups')
        for (const group of groups) if (!world.store.of('groups').has(group)) die(`no such group '${group}'`)
        if (!call.flag('append')) leaveGroups(world, userid)
        joinGroups(world, userid, groups)
      }

      const enable = call.flag('enable')
      const expire = call.number('expire')
      world.store.of('users').update(userid, {
        ...(enable !== undefined && {enable}),
        ...(expire !== undefined && {expire}),
        ...emptyIsGone(texts(call, () => true)),
      })
    })
    return null
  },

  'DELETE /access/users/{userid}'(call) {
    removeUser(call.world, call.required('userid'))
    return null
  },

  'GET /access/users/{userid}/tfa'(call) {
    const {world} = call
    const userid = call.required('userid')
    const {realm} = splitUserid(userid)
    const domain = world.store.of('domains').get(realm) ?? die(`auth domain '${realm}' does not exist`)
    const types = [...new Set((world.store.of('tfa').get(userid)?.entries ?? []).map(({type}) => type))]
    const ofRealm = domain.tfa === undefined ? {} : {realm: /type=(\w+)/.exec(domain.tfa)?.[1] ?? domain.tfa}
    return call.flag('multiple') ? {...ofRealm, user: types} : ofRealm
  },

  /** Nobody is ever locked out here, so nobody was. */
  'PUT /access/users/{userid}/unlock-tfa': () => 0,
}

/** Which users the caller may see. */
export function usersInSight(call: Call): (userid: string) => boolean {
  if (call.hasAny('/access/groups', ...SEES_ALL)) return () => true
  const seen = new Set([call.user])
  for (const group of call.world.store.of('groups').values()) {
    if (call.hasAny(`/access/groups/${group.groupid}`, ...SEES_ALL)) for (const user of group.users) seen.add(user)
  }

  return (userid) => seen.has(userid)
}

function userData(user: UserRecord): {[key: string]: Json} {
  return {
    enable: user.enable ? 1 : 0,
    expire: user.expire,
    ...Object.fromEntries(TEXTS.flatMap((key) => (user[key] === undefined ? [] : [[key, user[key]]]))),
  }
}

/** The texts among the parameters that were given and pass the test. */
function texts(call: Call, wanted: (text: string) => boolean): {[K in (typeof TEXTS)[number]]?: string} {
  return Object.fromEntries(
    TEXTS.flatMap((key) => {
      const text = call.text(key)
      return text !== undefined && wanted(text) ? [[key, text]] : []
    }),
  )
}

/** What is empty is not in the file any more. */
function emptyIsGone<T extends object>(values: T): {[K in keyof T]: T[K] | undefined} {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, value === '' ? undefined : (value as string)]),
  ) as {[K in keyof T]: T[K] | undefined}
}

function groupsOf({store}: World, userid: string): string[] {
  return [...store.of('groups').values()]
    .filter(({users}) => users.includes(userid))
    .map(({groupid}) => groupid)
    .sort()
}

/** Null for a user who never had one, as in the file. */
function tokenList({store}: World, userid: string): ({tokenid: string} & {[key: string]: Json})[] | null {
  const tokens = [...store.of('tokens').values()].filter((token) => token.userid === userid)
  if (tokens.length === 0) return null
  return tokens
    .sort((a, b) => (a.tokenid < b.tokenid ? -1 : 1))
    .map(({tokenid, privsep, expire, comment}) => ({
      tokenid,
      privsep: privsep ? 1 : 0,
      expire,
      ...(comment !== undefined && {comment}),
    }))
}
