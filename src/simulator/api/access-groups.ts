import {underLock} from '../config/sections.js'
import {die} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'
import type {GroupRecord} from '../kernel/state.js'

export const accessGroupsRoutes: Routes = {
  'GET /access/groups'(call) {
    return [...call.world.store.of('groups').values()]
      .filter(({groupid}) => call.hasAny(`/access/groups/${groupid}`, 'User.Modify', 'Sys.Audit', 'Group.Allocate'))
      .map(({groupid, users, comment}) => ({
        groupid,
        users: [...users].sort().join(','),
        ...(comment !== undefined && {comment}),
      }))
  },

  'POST /access/groups'(call) {
    const groupid = call.required('groupid')
    const comment = call.text('comment')
    underLock('create group failed', () => {
      if (call.world.store.of('groups').has(groupid)) die(`group '${groupid}' already exists`)
      call.world.store.of('groups').put(groupid, {groupid, users: [], ...(comment ? {comment} : {})})
    })
    return null
  },

  'GET /access/groups/{groupid}'(call) {
    const {users, comment} = existingGroup(call)
    return {members: users, ...(comment !== undefined && {comment})}
  },

  'PUT /access/groups/{groupid}'(call) {
    const comment = call.text('comment')
    underLock('update group failed', () => {
      const {groupid} = existingGroup(call)
      if (comment !== undefined)
        call.world.store.of('groups').update(groupid, {comment: comment === '' ? undefined : comment})
    })
    return null
  },

  'DELETE /access/groups/{groupid}'(call) {
    underLock('delete group failed', () => {
      const {groupid} = existingGroup(call)
      const {store} = call.world
      store.of('groups').delete(groupid)
      for (const [key, entry] of [...store.of('acl').entries()])
        if (entry.type === 'group' && entry.ugid === groupid) store.of('acl').delete(key)
    })
    return null
  },
}

function existingGroup(call: Call): GroupRecord {
  const groupid = call.required('groupid')
  return call.world.store.of('groups').get(groupid) ?? die(`group '${groupid}' does not exist`)
}
