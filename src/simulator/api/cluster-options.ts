import {parsePropertyString} from '../../domain/property-string.js'

import type {Call, Routes} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'
import type {PropertyRecord} from '../kernel/state.js'
import type {PropertySchema} from '../../schema/schema.js'

/** Property strings of datacenter.cfg that are answered in their parts. */
const IN_PARTS: readonly string[] = [
  'crs',
  'ha',
  'location',
  'migration',
  'next-id',
  'notify',
  'replication',
  'tag-style',
  'user-tag-access',
  'webauthn',
]
const DEFAULT_MAC_PREFIX = 'BC:24:11'
/** What somebody without `Sys.Audit` on `/` sees. */
const PUBLIC_KEYS: readonly string[] = ['console', 'tag-style']

export const clusterOptionsRoutes: Routes = {
  'GET /cluster/options'(call) {
    const stored = datacenterOptions(call)
    const options = readOptions(call, stored)
    const visible = call.has('/', 'Sys.Audit')
      ? options
      : Object.fromEntries(Object.entries(options).filter(([key]) => PUBLIC_KEYS.includes(key)))
    return {...visible, 'allowed-tags': allowedTags(call, stored)}
  },

  'PUT /cluster/options'(call) {
    const {delete: _, ...values} = call.params
    const removed = new Set(call.list('delete'))
    const options: {[key: string]: Json} = {}
    for (const [key, value] of Object.entries({...datacenterOptions(call), ...(values as PropertyRecord)}))
      if (value !== undefined && !removed.has(key)) options[key] = value
    call.world.store.of('datacenter').put('options', options)
    return null
  },
}

/** The options as the file has them. */
export function datacenterOptions({world}: Pick<Call, 'world'>): PropertyRecord {
  return world.store.of('datacenter').get('options') ?? {}
}

function readOptions(call: Call, stored: PropertyRecord): {[key: string]: Json} {
  const description = stored['description']
  const options: {[key: string]: Json} = {
    ...(stored as {[key: string]: Json}),
    mac_prefix: stored['mac_prefix'] ?? DEFAULT_MAC_PREFIX,
    description:
      typeof description === 'string' && description !== '' && !description.endsWith('\n')
        ? `${description}\n`
        : (description ?? ''),
  }
  const formats = call.world.schema.find('PUT', '/cluster/options')?.parameters.properties ?? {}
  for (const key of IN_PARTS) {
    const text = options[key]
    if (typeof text === 'string') options[key] = parts(text, formats[key])
  }

  const access = options['user-tag-access']
  if (access !== null && typeof access === 'object' && 'user-allow-list' in access)
    options['user-tag-access'] = {...access, 'user-allow-list': tagList(access['user-allow-list'])}
  if (options['registered-tags'] !== undefined) options['registered-tags'] = tagList(options['registered-tags'])
  return options
}

/** The parts of a property string as Proxmox parses it: booleans become numbers, other values stay text. */
function parts(text: string, schema: PropertySchema | undefined): {[key: string]: Json} {
  const properties = typeof schema?.format === 'object' ? schema.format : {}
  const defaultKey = Object.entries(properties).find(([, property]) => property.default_key === 1)?.[0]
  return Object.fromEntries(
    [...parsePropertyString(text, defaultKey === undefined ? {} : {defaultKey})].map(([key, value]) => [
      key,
      properties[key]?.type === 'boolean' ? Number(/^(?:1|on|yes|true)$/i.test(value)) : value,
    ]),
  )
}

function tagList(value: Json | undefined): string[] {
  if (Array.isArray(value)) return value.map(String)
  return String(value ?? '')
    .split(/[\s,;]+/)
    .filter((tag) => tag !== '')
}

/** The tags the caller may give a guest: registered ones to administrators only, others as `user-tag-access` says. */
function allowedTags(call: Call, stored: PropertyRecord): readonly string[] {
  const privileged = call.has('/', 'Sys.Modify')
  const registered = new Set(tagList(stored['registered-tags']))
  const access = parsePropertyString(String(stored['user-tag-access'] ?? ''), {defaultKey: 'user-allow'})
  const mode = access.get('user-allow') ?? 'free'
  const allowed = new Set<string>(privileged ? registered : [])
  if (privileged || mode !== 'none') for (const tag of tagList(access.get('user-allow-list'))) allowed.add(tag)
  if (privileged || mode === 'free' || mode === 'existing') {
    for (const guest of call.world.store.of('guests').values()) {
      if (guest.config['tags'] === undefined) continue
      if (!privileged && !call.has(`/vms/${guest.vmid}`, 'VM.Audit')) continue
      for (const tag of tagList(guest.config['tags'])) if (privileged || !registered.has(tag)) allowed.add(tag)
    }
  }

  return [...allowed].sort()
}
