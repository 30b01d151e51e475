import {allPrivileges, builtinRoles, type Release, rolePrivileges} from './roles.js'

import type {AclRecord} from '../kernel/state.js'
import type {Store} from '../kernel/store.js'

/** Privilege -> whether it propagates to paths below. */
export type Privileges = ReadonlyMap<string, boolean>

const NONE: Privileges = new Map()
const CACHE_LIMIT = 50_000

/** `user@realm!token` in its two parts; no tokenid for a user. */
export function splitAuthuser(authuser: string): {userid: string; tokenid?: string} {
  const at = authuser.indexOf('!')
  return at === -1 ? {userid: authuser} : {userid: authuser.slice(0, at), tokenid: authuser.slice(at + 1)}
}

/**
 * Who may do what where, from the ACL, groups, pools and roles in the store (reference 2.3). Results are kept until one of these changes.
 */
export class Access {
  readonly roles: ReadonlyMap<string, readonly string[]>
  private readonly everything: Privileges
  private readonly cache = new Map<string, Privileges>()
  private readonly byRoles = new Map<string, Privileges>()
  private stamp = -1
  private aclByPath = new Map<string, AclRecord[]>()
  private groups = new Map<string, Set<string>>()
  private readonly names = new WeakMap<Privileges, ReadonlySet<string>>()
  private poolOf = new Map<string, string>()

  constructor(
    private readonly store: Store,
    release: Release,
  ) {
    this.roles = builtinRoles(release)
    this.everything = new Map(allPrivileges(release).map((priv) => [priv, true]))
  }

  /**
   * The privileges of a user or token on a path. An invalid path is undefined and gives nobody but `root@pam` himself anything.
   * A token without privilege separation has its user's, one with it the intersection of both.
   */
  privilegesOn(authuser: string, path: string | undefined): Privileges {
    if (authuser === 'root@pam') return this.everything
    if (path === undefined) return NONE
    this.refresh()
    const key = `${authuser} ${path}`
    let found = this.cache.get(key)
    if (!found) {
      if (this.cache.size > CACHE_LIMIT) this.cache.clear()
      found = this.compute(authuser, path)
      this.cache.set(key, found)
    }

    return found
  }

  /** The names alone of `privilegesOn`. */
  privilegeNames(authuser: string, path: string | undefined): ReadonlySet<string> {
    const privileges = this.privilegesOn(authuser, path)
    let names = this.names.get(privileges)
    if (!names) this.names.set(privileges, (names = new Set(privileges.keys())))
    return names
  }

  /** The groups a user is in. */
  groupsOf(userid: string): ReadonlySet<string> {
    this.refresh()
    return this.groups.get(userid) ?? new Set()
  }

  has(authuser: string, path: string, ...privileges: readonly string[]): boolean {
    const granted = this.privilegesOn(authuser, path)
    return privileges.every((priv) => granted.has(priv))
  }

  /** The roles of a user or token on a path, with whether they propagate, before pools and token separation. */
  rolesOn(authuser: string, path: string): ReadonlyMap<string, boolean> {
    this.refresh()
    const groups = this.groupsOf(authuser)
    let roles = new Map<string, boolean>()
    for (const prefix of prefixes(path)) {
      const entries = (this.aclByPath.get(prefix) ?? []).filter((entry) => prefix === path || entry.propagate)
      const own = entries.filter((entry) => entry.type !== 'group' && entry.ugid === authuser)
      const effective =
        own.length > 0 ? own : entries.filter((entry) => entry.type === 'group' && groups.has(entry.ugid))
      if (effective.length > 0) roles = new Map(effective.map((entry) => [entry.roleid, entry.propagate]))
    }

    const none = roles.get('NoAccess')
    return none === undefined ? roles : new Map([['NoAccess', none]])
  }

  private compute(authuser: string, path: string): Privileges {
    const {userid, tokenid} = splitAuthuser(authuser)
    if (tokenid === undefined) return this.direct(authuser, path)
    const user = this.privilegesOn(userid, path)
    if (!this.store.of('tokens').get(authuser)?.privsep) return user
    const own = this.direct(authuser, path)
    return new Map(
      [...own].filter(([priv]) => user.has(priv)).map(([priv, propagate]) => [priv, propagate && user.get(priv)!]),
    )
  }

  private direct(authuser: string, path: string): Privileges {
    const roles = this.rolesOn(authuser, path)
    const pool = this.poolOf.get(path)
    const granted = [
      ...roles,
      ...(pool === undefined || roles.has('NoAccess') ? [] : this.rolesOn(authuser, `/pool/${pool}`)),
    ]
    // the same few sets of roles hold on thousands of paths
    const key = granted.join(' ')
    let privileges = this.byRoles.get(key)
    if (!privileges) this.byRoles.set(key, (privileges = this.ofRoles(granted)))
    return privileges
  }

  private ofRoles(granted: readonly (readonly [roleid: string, propagate: boolean])[]): Privileges {
    const privileges = new Map<string, boolean>()
    for (const [roleid, propagate] of granted) {
      for (const priv of rolePrivileges(this.roles, this.store.of('roles'), roleid))
        privileges.set(priv, propagate || (privileges.get(priv) ?? false))
    }

    return privileges
  }

  private refresh(): void {
    const stamp =
      this.store.of('acl').version +
      this.store.of('groups').version +
      this.store.of('pools').version +
      this.store.of('roles').version +
      this.store.of('tokens').version +
      this.store.of('users').version
    if (stamp === this.stamp) return
    this.stamp = stamp
    this.cache.clear()
    this.byRoles.clear()
    this.aclByPath = new Map()
    for (const entry of this.store.of('acl').values()) {
      const list = this.aclByPath.get(entry.path)
      if (list) list.push(entry)
      else this.aclByPath.set(entry.path, [entry])
    }

    this.groups = new Map()
    for (const group of this.store.of('groups').values()) {
      for (const user of group.users) {
        const set = this.groups.get(user)
        if (set) set.add(group.groupid)
        else this.groups.set(user, new Set([group.groupid]))
      }
    }

    this.poolOf = new Map()
    for (const pool of this.store.of('pools').values()) {
      for (const vmid of pool.vms) this.poolOf.set(`/vms/${vmid}`, pool.poolid)
      for (const storage of pool.storages) this.poolOf.set(`/storage/${storage}`, pool.poolid)
    }
  }
}

/** `/vms/100` -> `/`, `/vms`, `/vms/100`. */
function prefixes(path: string): readonly string[] {
  const result = ['/']
  for (let at = path.indexOf('/', 1); at !== -1; at = path.indexOf('/', at + 1)) result.push(path.slice(0, at))
  if (path !== '/') result.push(path)
  return result
}
