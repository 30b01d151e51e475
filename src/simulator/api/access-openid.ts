import {userRefusal} from '../access/authenticate.js'
import {splitAuthuser} from '../access/privileges.js'
import {isConsoleTicket} from '../console/ticket.js'
import {die, PveError} from '../kernel/pve-error.js'

import type {Routes} from '../kernel/call.js'

/** No identity provider is simulated: what would need one fails as it does when the provider cannot be reached. */
export const accessOpenidRoutes: Routes = {
  'POST /access/openid/auth-url'(call) {
    const realm = call.required('realm')
    const domain = call.world.store.of('domains').get(realm) ?? die(`auth domain '${realm}' does not exist`)
    if (domain.type !== 'openid') die(`domain '${realm}' is not an OpenID realm`)
    return die(`request failed: could not reach '${String(domain.config?.['issuer-url'] ?? '')}'`)
  },

  'POST /access/openid/login'() {
    throw new PveError(401, 'openid authentication failure')
  },

  /** What a console asks about the ticket of whoever has connected to it. */
  'POST /access/vncticket'(call) {
    const {world} = call
    const [user, path] = [call.required('authid'), call.required('path')]
    const claim = {user, path, port: call.text('port') ?? ''}
    if (
      userRefusal(world, splitAuthuser(user).userid) !== undefined ||
      !isConsoleTicket(world, claim, call.required('vncticket')) ||
      !world.access.has(user, path, ...call.list('privs'))
    )
      throw new PveError(401, 'authentication failure')
  },
}
