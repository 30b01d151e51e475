import {reauthenticate} from '../access/reauthenticate.js'
import {hashPassword} from '../access/secrets.js'
import {checkPasswordChange, splitUserid} from '../access/users.js'
import {permissionError} from '../kernel/pve-error.js'

import type {Routes} from '../kernel/call.js'

export const accessPasswordRoutes: Routes = {
  'GET /access': () =>
    ['users', 'groups', 'roles', 'acl', 'domains', 'openid', 'tfa', 'ticket', 'password'].map((subdir) => ({subdir})),

  'PUT /access/password'(call) {
    const userid = call.required('userid')
    reauthenticate(call, userid, 'confirmation-password')
    // accounts of the system are root's business
    if (!call.isRootPam && call.user !== userid && splitUserid(userid).realm === 'pam') permissionError()
    checkPasswordChange(call.world, userid)
    call.world.store.of('users').update(userid, {password: hashPassword(call.required('password'))})
    return null
  },
}
