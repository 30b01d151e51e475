import {existingUser} from './users.js'
import {passwordMatches} from './secrets.js'
import {die, paramError, permissionError} from '../kernel/pve-error.js'

import type {Call} from '../kernel/call.js'

/**
 * Whoever changes a user's credentials confirms with his own password, except `root@pam`; and only he may touch his own.
 * @param parameter the one that brings the password
 */
export function reauthenticate(call: Call, userid: string, parameter: string): void {
  existingUser(call.world, userid)
  if (call.isRootPam) return
  if (userid === 'root@pam') permissionError()
  const password = call.text(parameter)
  if (password === undefined) paramError({[parameter]: 'password is required to modify user'})
  if (!passwordMatches(password!, call.world.store.of('users').get(call.userid)?.password)) die('invalid credentials')
}
