import {assertDigest, changed, digestOf, sectionValues, underLock} from '../config/sections.js'
import {die, type Json} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** Hardware and directories by a name that means something else on each node. */
interface MappingKind {
  readonly type: 'dir' | 'pci' | 'usb'
  /** What the failed step is called. */
  readonly noun: string
  /** Where the list tells what is wrong with an entry on a node. */
  readonly checks: 'checks' | 'errors'
}

const KINDS: readonly MappingKind[] = [
  {type: 'dir', noun: 'directory mapping', checks: 'checks'},
  {type: 'pci', noun: 'hardware mapping', checks: 'checks'},
  {type: 'usb', noun: 'hardware mapping', checks: 'errors'},
]

export const clusterMappingRoutes: Routes = Object.assign({}, ...KINDS.map((kind) => routesOf(kind))) as Routes

function routesOf(kind: MappingKind): Routes {
  const {type, noun} = kind
  const path = `/cluster/mapping/${type}`
  return {
    [`GET ${path}`](call) {
      const node = call.text('check-node')
      return ofKind(call.world, type)
        .filter(([id]) => call.hasAny(`/mapping/${type}/${id}`, 'Mapping.Modify', 'Mapping.Use', 'Mapping.Audit'))
        .map(([id, entry]) => ({
          ...entry,
          id,
          digest: digest(call.world, type),
          ...(node !== undefined && {[kind.checks]: checkOn(call, kind, entry, node)}),
        }))
    },

    [`GET ${path}/{id}`](call) {
      const id = call.required('id')
      const entry = call.world.store.of('mappings').get(`${type}/${id}`) ?? die(`mapping '${id}' not found`)
      return {...entry, digest: digest(call.world, type)}
    },

    [`POST ${path}`](call) {
      const id = call.required('id')
      const entry = {...sectionValues(call.params, 'id'), type}
      underLock(`create ${noun} failed`, () => {
        if (call.world.store.of('mappings').has(`${type}/${id}`)) die(`${type} ID '${id}' already defined`)
        call.world.store.of('mappings').put(`${type}/${id}`, entry)
      })
      return null
    },

    [`PUT ${path}/{id}`](call) {
      const id = call.required('id')
      underLock(`update ${noun} failed`, () => {
        assertDigest(call.text('digest'), digest(call.world, type))
        const mappings = call.world.store.of('mappings')
        const entry = mappings.get(`${type}/${id}`) ?? die(`${type} ID '${id}' does not exist`)
        const values = sectionValues(call.params, 'id', 'digest', 'delete')
        mappings.put(`${type}/${id}`, changed(entry, values, call.list('delete'), {required: ['map']}))
      })
      return null
    },

    [`DELETE ${path}/{id}`](call) {
      call.world.store.of('mappings').delete(`${type}/${call.required('id')}`)
      return null
    },
  }
}

function ofKind({store}: World, type: string): readonly (readonly [string, PropertyRecord])[] {
  const prefix = `${type}/`
  return [...store.of('mappings').entries()]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, entry]) => [key.slice(prefix.length), entry] as const)
}

function digest(world: World, type: string): string {
  return digestOf(ofKind(world, type))
}

/** No node here has devices to pass on, so whatever is mapped is missing; directories are taken to be there. */
function checkOn(call: Call, {type}: MappingKind, entry: PropertyRecord, node: string): Json {
  const maps = Array.isArray(entry['map']) ? entry['map'].map(String) : []
  const mine = maps.filter((map) => map.split(',').includes(`node=${node}`))
  if (mine.length === 0) return [{severity: 'warning', message: `No mapping for node ${node}.`}]
  if (type === 'dir') return []
  return mine.map((map) => {
    const value = (key: string): string => new RegExp(`(?:^|,)${key}=([^,]*)`).exec(map)?.[1] ?? ''
    const missing = type === 'pci' ? `pci device '${value('path')}' not found` : `usb device '${value('id')}' not found`
    return {severity: 'error', message: `Invalid configuration: ${missing}\n`}
  })
}
