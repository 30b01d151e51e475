import {evaluatePermission} from './front-door/permissions.js'
import {validateParameters} from './front-door/validate.js'
import {PveError} from './kernel/pve-error.js'

import type {FrontDoor} from './kernel/router.js'

/** The checks of the schema in front of every handler. */
export const frontDoorChecks: FrontDoor = {
  checkPermission(method, user, params, {access, store}) {
    const result = evaluatePermission(method.permissions, {
      authuser: user === '' ? undefined : user,
      params,
      privilegesOn: (path) => access.privilegeNames(user, path),
      userExists: (userid) => store.of('users').has(userid),
      groupExists: (groupid) => store.of('groups').has(groupid),
      groupsOf: (userid) => access.groupsOf(userid),
    })
    if (!result.ok) throw new PveError(result.status, result.message)
  },

  validate(method, params) {
    const result = validateParameters(method, params)
    if (!result.ok) throw new PveError(400, 'Parameter verification failed.', result.errors)
    return result.params as ReturnType<FrontDoor['validate']>
  },
}
