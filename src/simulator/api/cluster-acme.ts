import {assertDigest, changed, digestOf, sectionValues} from '../config/sections.js'
import {die, type Json} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'

const DIRECTORIES = [
  {name: "Let's Encrypt V2", url: 'https://acme-v02.api.letsencrypt.org/directory'},
  {name: "Let's Encrypt V2 Staging", url: 'https://acme-staging-v02.api.letsencrypt.org/directory'},
]
const TERMS = 'https://letsencrypt.org/documents/LE-SA-v1.5-February-24-2025.pdf'
const DEFAULT_ACCOUNT = 'default'
/** There without being configured. */
const STANDALONE = {plugin: 'standalone', type: 'standalone'}
const TASK_SECONDS = 3

export const clusterAcmeRoutes: Routes = {
  'GET /cluster/acme/account': ({world}) => [...world.store.of('acmeAccounts').keys()].map((name) => ({name})),

  'POST /cluster/acme/account'(call) {
    const name = call.text('name') ?? DEFAULT_ACCOUNT
    const accounts = call.world.store.of('acmeAccounts')
    if (accounts.has(name)) die(`ACME account config file '${name}' already exists.`)
    const directory = call.text('directory') ?? DIRECTORIES[0]!.url
    const contact = contacts(call)
    return call.startTask('acmeregister', name, async (task) => {
      task.log('Generating ACME account key..')
      task.log('Registering ACME account..')
      await task.sleep(TASK_SECONDS)
      const location = `${new URL(directory).origin}/acme/acct/${call.world.clock.now()}`
      accounts.put(name, {
        directory,
        location,
        tos: call.text('tos_url') ?? '',
        account: {contact, status: 'valid', createdAt: new Date(call.world.clock.nowMs()).toISOString()},
      })
      task.log(`Registration successful, account URL: '${location}'`)
    })
  },

  'GET /cluster/acme/account/{name}': account,

  'PUT /cluster/acme/account/{name}'(call) {
    const name = call.text('name') ?? DEFAULT_ACCOUNT
    const before = account(call) as {[key: string]: Json}
    return call.startTask('acmeupdate', name, async (task) => {
      await task.sleep(TASK_SECONDS)
      if (call.text('contact') === undefined) return
      const old = before['account'] as {[key: string]: Json}
      call.world.store.of('acmeAccounts').put(name, {...before, account: {...old, contact: contacts(call)}})
    })
  },

  'DELETE /cluster/acme/account/{name}'(call) {
    const name = call.text('name') ?? DEFAULT_ACCOUNT
    account(call)
    return call.startTask('acmedeactivate', name, async (task) => {
      await task.sleep(TASK_SECONDS)
      call.world.store.of('acmeAccounts').delete(name)
    })
  },

  'GET /cluster/acme/challenge-schema': () => [],
  'GET /cluster/acme/directories': () => DIRECTORIES,
  'GET /cluster/acme/meta': () => ({
    caaIdentities: ['letsencrypt.org'],
    termsOfService: TERMS,
    website: 'https://letsencrypt.org',
  }),
  'GET /cluster/acme/tos': () => TERMS,

  'GET /cluster/acme/plugins'(call) {
    const type = call.text('type')
    return [STANDALONE, ...plugins(call)]
      .filter((plugin) => type === undefined || plugin['type'] === type)
      .map((plugin) => ({...plugin, digest: digest(call)}))
  },

  'POST /cluster/acme/plugins'(call) {
    const id = call.required('id')
    const stored = call.world.store.of('acmePlugins')
    if (stored.has(id) || id === STANDALONE.plugin) die(`ACME plugin ID '${id}' already exists`)
    stored.put(id, sectionValues(call.params, 'id'))
    return null
  },

  'GET /cluster/acme/plugins/{id}'(call) {
    const id = call.required('id')
    const found = [STANDALONE, ...plugins(call)].find(({plugin}) => plugin === id)
    return {...(found ?? die(`ACME plugin '${id}' not defined`)), digest: digest(call)}
  },

  'PUT /cluster/acme/plugins/{id}'(call) {
    const id = call.required('id')
    assertDigest(call.text('digest'), digest(call))
    const stored = call.world.store.of('acmePlugins')
    const plugin = stored.get(id) ?? die(`ACME plugin ID '${id}' does not exist`)
    stored.put(id, changed(plugin, sectionValues(call.params, 'id', 'digest', 'delete'), call.list('delete')))
    return null
  },

  'DELETE /cluster/acme/plugins/{id}'(call) {
    const id = call.required('id')
    if (!call.world.store.of('acmePlugins').delete(id)) die(`ACME plugin ID '${id}' does not exist`)
    return null
  },
}

function account(call: Call): Json {
  const name = call.text('name') ?? DEFAULT_ACCOUNT
  return call.world.store.of('acmeAccounts').get(name) ?? die(`ACME account config file '${name}' does not exist.`)
}

function contacts(call: Call): readonly string[] {
  return call.list('contact').map((address) => `mailto:${address}`)
}

function plugins({world}: Call): readonly ({plugin: string} & {[key: string]: Json | undefined})[] {
  return [...world.store.of('acmePlugins').entries()].map(([plugin, entry]) => ({...entry, plugin}))
}

function digest({world}: Call): string {
  return digestOf(world.store.of('acmePlugins').entries())
}
