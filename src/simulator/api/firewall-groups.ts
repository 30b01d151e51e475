import {withClusterLock} from '../config/cluster-lock.js'
import {assertDigest} from '../config/sections.js'
import {CLUSTER_SCOPE, firewallOf, listDigest, saveFirewall, withDigest} from '../firewall/config.js'
import {die, paramError} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

const PATH = '/cluster/firewall/groups'
const PREFIX = 'group/'

function groups({store}: World): readonly PropertyRecord[] {
  return [...store.of('firewall').entries()]
    .filter(([key]) => key.startsWith(PREFIX))
    .map(([key, {comment}]) => ({group: key.slice(PREFIX.length), ...(comment !== undefined && {comment})}))
    .sort((a, b) => (a.group < b.group ? -1 : 1))
}

/** Security groups: sets of rules that other rules name. */
export const firewallGroupRoutes: Routes = {
  [`GET ${PATH}`]: ({world}) => withDigest(groups(world)),

  [`POST ${PATH}`]: (call) =>
    withClusterLock(call, CLUSTER_SCOPE.lock, () => {
      const records = call.world.store.of('firewall')
      const group = call.required('group')
      const rename = call.text('rename')
      const comment = call.text('comment')
      const key = PREFIX + group
      if (rename === undefined) {
        if (records.has(key)) paramError({group: `Security group '${group}' already exists`})
        saveFirewall(call.world, {key}, {rules: [], ...(comment !== undefined && comment !== '' && {comment})})
        return null
      }

      assertDigest(call.text('digest'), listDigest(groups(call.world)))
      const oldKey = PREFIX + rename
      const old = records.get(oldKey)
      if (!old) return paramError({group: `Security group '${rename}' does not exist`})
      if (group !== rename && records.has(key)) paramError({group: `Security group '${group}' already exists`})
      records.delete(oldKey)
      records.put(key, {...old, ...(comment !== undefined && {comment})})
      return null
    }),

  [`DELETE ${PATH}/{group}`]: (call) => withClusterLock(call, CLUSTER_SCOPE.lock, () => removeGroup(call)),
}

function removeGroup(call: Call): null {
  const group = call.required('group')
  const key = PREFIX + group
  if (!call.world.store.of('firewall').has(key)) die(`no such security group '${group}'`)
  if ((firewallOf(call.world, {key}).rules ?? []).length > 0) die(`Security group '${group}' is not empty`)
  call.world.store.of('firewall').delete(key)
  return null
}
