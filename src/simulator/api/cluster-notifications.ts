import {assertDigest, changed, digestOf, sectionValues} from '../config/sections.js'
import {PveError, type Json} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** Kinds of targets, with what is kept apart as a secret. */
const ENDPOINTS: Readonly<Record<string, readonly string[]>> = {
  gotify: ['token'],
  sendmail: [],
  smtp: ['password'],
  webhook: ['secret'],
}

/** There without being configured; deleting a changed one brings these back. */
const BUILTIN: ReadonlyMap<string, PropertyRecord> = new Map([
  ['sendmail/mail-to-root', {'mailto-user': ['root@pam'], comment: "Send mails to root@pam's email address"}],
  [
    'matcher/default-matcher',
    {mode: 'all', target: ['mail-to-root'], comment: 'Route all notifications to mail-to-root'},
  ],
])

const FIELDS = ['type', 'hostname', 'job-id']
const EVENTS: readonly (readonly [value: string, comment: string])[] = [
  ['fencing', 'Node fencing notifications'],
  ['package-updates', 'Package updates are available notifications'],
  ['replication', 'Replication job notifications'],
  ['system-mail', 'Forwarded system mails'],
  ['vzdump', 'Backup notifications'],
]

export const clusterNotificationsRoutes: Routes = {
  ...(Object.assign({}, ...Object.keys(ENDPOINTS).map((kind) => endpointRoutes(kind))) as Routes),

  'GET /cluster/notifications/targets'({world}) {
    return targets(world).map(({kind, name, entry, origin}) => ({
      name,
      type: kind,
      origin,
      comment: entry['comment'] ?? null,
      ...(entry['disable'] !== undefined && {disable: entry['disable']}),
    }))
  },

  /** Mail leaves the node; nobody answers behind any other kind of target. */
  'POST /cluster/notifications/targets/{name}/test'(call) {
    const name = call.required('name')
    const target = targets(call.world).find((candidate) => candidate.name === name)
    if (!target) return missing(`endpoint '${name}' does not exist`)
    if (target.kind === 'sendmail') return null
    throw new PveError(500, `could not notify via endpoint(s): ${name}: error sending request`)
  },

  'GET /cluster/notifications/matchers': ({world}) => list(world, 'matcher'),

  'POST /cluster/notifications/matchers'(call) {
    const name = call.required('name')
    ensureUnique(call.world, name)
    ensureTargets(call)
    call.world.store.of('notifications').put(`matcher/${name}`, sectionValues(call.params, 'name'))
    return null
  },

  'GET /cluster/notifications/matchers/{name}'(call) {
    return {...single(call, 'matcher', 'matcher'), digest: digest(call.world)}
  },

  'PUT /cluster/notifications/matchers/{name}'(call) {
    single(call, 'matcher', 'matcher')
    ensureTargets(call)
    return update(call, 'matcher', [])
  },

  'DELETE /cluster/notifications/matchers/{name}'(call) {
    single(call, 'matcher', 'matcher')
    call.world.store.of('notifications').delete(`matcher/${call.required('name')}`)
    return null
  },

  'GET /cluster/notifications/matcher-fields': () => FIELDS.map((name) => ({name})),

  'GET /cluster/notifications/matcher-field-values'({world}) {
    return [
      ...EVENTS.map(([value, comment]) => ({field: 'type', value, comment})),
      ...world.members().map(({node}) => ({field: 'hostname', value: node})),
      ...[...world.store.of('backupJobs').entries()].map(([value, {comment}]) => ({
        field: 'job-id',
        value,
        ...(comment !== undefined && {comment}),
      })),
    ]
  },
}

function endpointRoutes(kind: string): Routes {
  const path = `/cluster/notifications/endpoints/${kind}`
  const secrets = ENDPOINTS[kind]!
  return {
    [`GET ${path}`]: ({world}) => list(world, kind),

    [`POST ${path}`](call) {
      const name = call.required('name')
      ensureUnique(call.world, name)
      ensureRecipient(kind, call.params as PropertyRecord)
      call.world.store.of('notifications').put(`${kind}/${name}`, {
        ...sectionValues(call.params, 'name', ...secrets),
        ...secretNames(call, kind),
      })
      return null
    },

    [`GET ${path}/{name}`]: (call) => ({...single(call, kind, `${kind} endpoint`), digest: digest(call.world)}),

    [`PUT ${path}/{name}`](call) {
      single(call, kind, `${kind} endpoint`)
      return update(call, kind, secrets)
    },

    [`DELETE ${path}/{name}`](call) {
      single(call, kind, `${kind} endpoint`)
      const name = call.required('name')
      const users = entries(call.world, 'matcher').filter(({entry}) => listOf(entry['target']).includes(name))
      if (users.length > 0) {
        const by = users.map((user) => user.name).join(', ')
        throw new PveError(400, `cannot delete '${name}', referenced by: ${by}`)
      }

      call.world.store.of('notifications').delete(`${kind}/${name}`)
      return null
    },
  }
}

interface Named {
  readonly kind: string
  readonly name: string
  readonly entry: PropertyRecord
  readonly origin: 'builtin' | 'modified-builtin' | 'user-created'
}

function entries({store}: World, kind: string): readonly Named[] {
  const prefix = `${kind}/`
  const own = [...store.of('notifications').entries()].filter(([key]) => key.startsWith(prefix))
  const builtin = [...BUILTIN].filter(([key]) => key.startsWith(prefix) && !store.of('notifications').has(key))
  return [...own, ...builtin].map(([key, entry]) => ({
    kind,
    name: key.slice(prefix.length),
    entry,
    origin: !BUILTIN.has(key) ? 'user-created' : BUILTIN.get(key) === entry ? 'builtin' : 'modified-builtin',
  }))
}

function targets(world: World): readonly Named[] {
  return Object.keys(ENDPOINTS).flatMap((kind) => entries(world, kind))
}

function list(world: World, kind: string): Json {
  return entries(world, kind).map(({name, entry, origin}) => ({name, ...entry, origin}))
}

function single(call: Call, kind: string, noun: string): {[key: string]: Json | undefined} {
  const name = call.required('name')
  const found = entries(call.world, kind).find((candidate) => candidate.name === name)
  if (!found) return missing(`${noun} '${name}' not found`)
  return {name, ...found.entry, origin: found.origin}
}

function missing(text: string): never {
  throw new PveError(404, text)
}

function digest({store}: World): string {
  return digestOf(store.of('notifications').entries())
}

function update(call: Call, kind: string, secrets: readonly string[]): null {
  assertDigest(call.text('digest'), digest(call.world))
  const name = call.required('name')
  const key = `${kind}/${name}`
  const before = call.world.store.of('notifications').get(key) ?? BUILTIN.get(key) ?? {}
  const values = sectionValues(call.params, 'name', 'digest', 'delete', ...secrets)
  const removed = call.list('delete').filter((option) => !Object.hasOwn(values, option))
  const after = {...changed(before, values, removed), ...secretNames(call, kind)}
  ensureRecipient(kind, after)
  call.world.store.of('notifications').put(key, after)
  return null
}

/** Every name is unique among targets and matchers. */
function ensureUnique(world: World, name: string): void {
  const kinds = [...Object.keys(ENDPOINTS), 'matcher']
  if (kinds.some((kind) => entries(world, kind).some((entry) => entry.name === name)))
    throw new PveError(400, `Cannot create '${name}', an entity with the same name already exists`)
}

function ensureTargets(call: Call): void {
  const known = new Set(targets(call.world).map(({name}) => name))
  for (const name of call.list('target')) if (!known.has(name)) missing(`endpoint '${name}' not found`)
}

/** Mail needs somebody to go to. */
function ensureRecipient(kind: string, entry: PropertyRecord): void {
  if (kind !== 'sendmail' && kind !== 'smtp') return
  if (listOf(entry['mailto']).length + listOf(entry['mailto-user']).length === 0)
    throw new PveError(400, "must at least provide one recipient, either in 'mailto' or in 'mailto-user'")
}

/** Of a webhook's secrets the names are told, not the values. */
function secretNames(call: Call, kind: string): PropertyRecord {
  const given = call.params['secret']
  if (kind !== 'webhook' || given === undefined || given === null) return {}
  return {secret: call.list('secret').map((text) => /(?:^|,)(name=[^,]*)/.exec(text)?.[1] ?? text)}
}

function listOf(value: Json | undefined): readonly string[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value.map(String) : [String(value)]
}
