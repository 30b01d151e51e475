import {die} from '../kernel/pve-error.js'

import type {GuestRecord, PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'
import type {} from './records.js'

const TYPES: Readonly<Record<string, GuestRecord['type']>> = {ct: 'lxc', vm: 'qemu'}

export interface Sid {
  readonly sid: string
  readonly type: string
  readonly name: string
}

/** `vm:100`, `ct:200`, or a VMID alone for a guest that exists. */
export function parseSid({store}: World, text: string): Sid {
  if (/^\d+$/.test(text)) {
    const guest = store.of('guests').get(text) ?? die(`unable do find type of VM/CT '${text}'`)
    const type = guest.type === 'lxc' ? 'ct' : 'vm'
    return {sid: `${type}:${text}`, type, name: text}
  }

  const [, type = '', name = ''] = /^(\S+?):(\S+)$/.exec(text) ?? []
  if (type === '') die(`unable to parse service id '${text}'`)
  if (!TYPES[type]) die(`unknown section type '${type}'`)
  return {sid: text, type, name}
}

/** A configured resource with its defaults, and the node its guest is on. */
export interface Resource {
  readonly sid: string
  readonly vmid: number
  /** What the resource says it is; a container taken for a VM never starts. */
  readonly type: GuestRecord['type']
  readonly node: string
  readonly state: string
  readonly maxRestart: number
  readonly maxRelocate: number
  readonly group?: string
  readonly failback: boolean
  readonly config: PropertyRecord
}

/** The resources whose guests exist, by sid. */
export function resources({store}: World): ReadonlyMap<string, Resource> {
  const result = new Map<string, Resource>()
  for (const sid of [...store.of('haResources').keys()].sort()) {
    const config = store.of('haResources').get(sid)!
    const [kind = '', name = ''] = sid.split(':')
    const guest = store.of('guests').get(name)
    const type = TYPES[kind]
    if (!guest || !type) continue
    const state = String(config['state'] ?? 'started')
    result.set(sid, {
      sid,
      vmid: guest.vmid,
      type,
      node: guest.node,
      // an old word for it
      state: state === 'enabled' ? 'started' : state,
      maxRestart: Number(config['max_restart'] ?? 1),
      maxRelocate: Number(config['max_relocate'] ?? 1),
      ...(config['group'] !== undefined && {group: String(config['group'])}),
      failback: config['failback'] !== 0,
      config,
    })
  }

  return result
}

/** Hands a request to the master, which reads it at its next round. */
export function queueCommand({store}: World, command: string): void {
  const {commands} = store.of('haQueue').get('queue') ?? {commands: []}
  store.of('haQueue').put('queue', {commands: [...commands, command]})
}

/** What a person is told a service does; undefined for one the HA manager has no word for. */
export function verboseState(service: {state: string; running?: 1} | undefined, requested: string | undefined): string {
  if (requested === undefined) return 'deleting'
  if (requested === 'ignored') return 'ignored'
  if (service === undefined) return 'queued'
  if (requested === 'started' && (service.state === 'stopped' || (service.state === 'started' && !service.running)))
    return 'starting'
  return service.state
}
