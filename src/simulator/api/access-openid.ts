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

  /** Console tickets are checked by the console that made them; no other one is good here. */
  'POST /access/vncticket'() {
    throw new PveError(401, 'authentication failure')
  },
}
