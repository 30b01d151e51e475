import {splitAuthuser} from '../access/privileges.js'

import type {Json} from '../kernel/pve-error.js'
import type {Call, Routes} from '../kernel/call.js'
import type {World} from '../kernel/world.js'

/** Shown for everybody, besides the paths of ACL entries and of pool members. */
const TOP_PATHS = ['/', '/access', '/access/groups', '/nodes', '/pool', '/sdn', '/storage', '/vms']

export const accessPermissionsRoutes: Routes = {
  /** Own permissions and those of own tokens are open; others need `Sys.Audit` on `/access` (reference 2.3). */
  'GET /access/permissions'(call) {
    const user = call.text('userid') ?? call.user
    const {userid, tokenid} = splitAuthuser(user)
    if (user !== call.user && !(tokenid !== undefined && userid === call.user)) call.check('/access', 'Sys.Audit')
    const path = call.text('path')
    if (path !== undefined) return {[path]: privileges(call, user, path)}
    const entries = [...knownPaths(call.world)].map((known) => [known, privileges(call, user, known)] as const)
    return Object.fromEntries(entries.filter(([, granted]) => Object.keys(granted).length > 0))
  },
}

function privileges({world}: Call, user: string, path: string): {[priv: string]: Json} {
  return Object.fromEntries(
    [...world.access.privilegesOn(user, path)].map(([priv, propagate]) => [priv, propagate ? 1 : 0]),
  )
}

/** Every node of the tree of ACL paths is a path of its own. */
function knownPaths({store}: World): ReadonlySet<string> {
  const paths = new Set(TOP_PATHS)
  for (const {path} of store.of('acl').values()) {
    for (let at = path.indexOf('/', 1); at !== -1; at = path.indexOf('/', at + 1)) paths.add(path.slice(0, at))
    paths.add(path)
  }

  for (const {vms, storages} of store.of('pools').values()) {
    for (const vmid of vms) paths.add(`/vms/${vmid}`)
    for (const storage of storages) paths.add(`/storage/${storage}`)
  }

  return paths
}
