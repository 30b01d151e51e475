import {REALM_TYPES} from '../access/realm-types.js'
import {assertDigest, digestOf, sectionValues, underLock} from '../config/sections.js'
import {die, paramError} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'
import type {DomainRecord, PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** Kept in a file of its own, never told. */
const SECRET = ['password', 'check-connection']

export const accessDomainsRoutes: Routes = {
  'GET /access/domains'({world}) {
    return [...world.store.of('domains').values()].map(({realm, type, comment, default: isDefault, tfa}) => ({
      realm,
      type,
      ...(comment !== undefined && comment !== '' && {comment}),
      ...(isDefault && {default: 1}),
      ...(tfa !== undefined && {tfa: /type=(\w+)/.exec(tfa)?.[1] ?? tfa}),
    }))
  },

  'POST /access/domains'(call) {
    const realm = call.required('realm')
    const type = call.required('type')
    underLock('add auth server failed', () => {
      if (call.world.store.of('domains').has(realm)) die(`domain '${realm}' already exists`)
      if (realm === 'pam' || realm === 'pve') die(`unable to use reserved name '${realm}'`)
      if (type === 'pam' || type === 'pve') die(`unable to create builtin type '${type}'`)
      const config = sectionValues(call.params, 'realm', 'type', ...SECRET)
      checkOptions(type, config)
      for (const option of REALM_TYPES[type]?.required ?? [])
        if (config[option] === undefined) die(`missing value for required option '${option}'`)
      save(call.world, {realm, type}, config)
    })
    return null
  },

  'GET /access/domains/{realm}'(call) {
    const {realm, ...domain} = existing(call)
    return {...answer({realm, ...domain}), digest: digest(call.world)}
  },

  'PUT /access/domains/{realm}'(call) {
    underLock('update auth server failed', () => {
      assertDigest(call.text('digest'), digest(call.world))
      const domain = existing(call)
      const values = sectionValues(call.params, 'realm', 'digest', 'delete', ...SECRET)
      const removed = call.list('delete')
      if (removed.length === 0 && Object.keys(values).length === 0 && call.text('password') === undefined)
        die('no options specified')
      checkOptions(domain.type, values)
      const kept = Object.entries(answer(domain)).filter(([key]) => key !== 'type' && !removed.includes(key))
      save(call.world, {realm: domain.realm, type: domain.type}, {...Object.fromEntries(kept), ...values})
    })
    return null
  },

  'DELETE /access/domains/{realm}'(call) {
    const realm = call.required('realm')
    underLock('delete auth server failed', () => {
      if (!call.world.store.of('domains').delete(realm)) die(`authentication domain '${realm}' does not exist`)
    })
    return null
  },

  /** No directory server is simulated: the task finds nobody to talk to. */
  'POST /access/domains/{realm}/sync'(call) {
    const realm = call.required('realm')
    const domain = call.world.store.of('domains').get(realm)
    if (!domain) return paramError({realm: 'Realm does not exist.'})
    if (domain.type !== 'ldap' && domain.type !== 'ad')
      return die(`Cannot sync realm type '${domain.type}'! Only LDAP/AD realms can be synced.`)
    const defaults = String(domain.config?.['sync-defaults-options'] ?? '')
    const scope = call.text('scope') ?? /scope=(\w+)/.exec(defaults)?.[1]
    if (scope === undefined)
      return paramError({scope: 'Not passed as parameter and not defined in realm default sync options.'})
    const dryRun = call.flag('dry-run') ?? false
    return call.startTask(dryRun ? 'auth-realm-sync-test' : 'auth-realm-sync', realm, async (task) => {
      task.log(`${dryRun ? '(dry test run) ' : ''}starting sync for realm ${realm}`)
      await task.sleep(1)
      die('IO::Socket::INET6: connect: Connection refused')
    })
  },

  'GET /access/openid': () => [{subdir: 'auth-url'}, {subdir: 'login'}],
}

function existing(call: Call): DomainRecord {
  const realm = call.required('realm')
  return call.world.store.of('domains').get(realm) ?? die(`domain '${realm}' does not exist`)
}

function digest({store}: World): string {
  return digestOf(store.of('domains').values())
}

function answer({type, comment, default: isDefault, tfa, config}: DomainRecord): PropertyRecord {
  return {
    ...config,
    type,
    ...(comment !== undefined && {comment}),
    ...(isDefault && {default: 1}),
    ...(tfa !== undefined && {tfa}),
  }
}

function checkOptions(type: string, values: PropertyRecord): void {
  const {required = [], optional = []} = REALM_TYPES[type] ?? {}
  for (const key of Object.keys(values))
    if (!required.includes(key) && !optional.includes(key)) die(`unexpected property '${key}'`)
}

function save({store}: World, {realm, type}: {realm: string; type: string}, values: PropertyRecord): void {
  const {comment, default: isDefault, tfa, ...config} = values
  if (isDefault === 1)
    for (const other of [...store.of('domains').values()])
      if (other.default) store.of('domains').update(other.realm, {default: undefined})
  store.of('domains').put(realm, {
    realm,
    type,
    config,
    ...(comment !== undefined && {comment: String(comment)}),
    ...(isDefault === 1 && {default: true}),
    ...(tfa !== undefined && {tfa: String(tfa)}),
  })
}
