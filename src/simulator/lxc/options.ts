import {uniqueTags} from '../guest/tags.js'
import {die} from '../kernel/pve-error.js'
import {hasContent, storageConfig} from '../storage/volumes.js'
import {parseMountPoint} from './mount-points.js'

import type {Call, Params} from '../kernel/call.js'
import type {GuestConfig} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** Parameters of the calls that make and change a container which are none of its options. */
const NOT_OPTIONS = new Set([
  'bwlimit',
  'delete',
  'digest',
  'force',
  'ha-managed',
  'ignore-unpack-errors',
  'node',
  'ostemplate',
  'password',
  'pool',
  'restore',
  'revert',
  'ssh-public-keys',
  'start',
  'storage',
  'unique',
  'vmid',
])
const INDEX_LIMITS: Readonly<Record<string, number>> = {dev: 256, mp: 256, net: 32, unused: 256}

/** The options among the parameters of a call. */
export function optionsOf(params: Params): GuestConfig {
  const options: Record<string, number | string> = {}
  for (const [key, value] of Object.entries(params)) {
    if (!NOT_OPTIONS.has(key) && (typeof value === 'string' || typeof value === 'number')) options[key] = value
  }

  return options
}

/** Whether a container can have that option at all. */
export function optionExists(world: World, key: string): boolean {
  const properties = world.schema.find('PUT', '/nodes/{node}/lxc/{vmid}/config')?.parameters.properties ?? {}
  if (NOT_OPTIONS.has(key)) return false
  if (properties[key] !== undefined && !key.includes('[')) return true
  const [, prefix = '', index] = /^([a-z]+)(0|[1-9]\d*)$/.exec(key) ?? []
  return Number(index) < (INDEX_LIMITS[prefix] ?? 0)
}

/**
 * An option as it is stored, after the checks that only code can make.
 * @throws PveError 500
 */
export function normalOption(call: Call, key: string, value: number | string): number | string {
  if (/^(?:rootfs|mp\d+)$/.test(key)) checkContentType(call.world, key, value)
  switch (key) {
    case 'nameserver': {
      return splitList(value).join(' ')
    }

    case 'searchdomain': {
      return splitList(value).join(' ')
    }

    case 'tags': {
      return uniqueTags(call.world, String(value))
    }

    case 'unprivileged': {
      return die(`unable to modify read-only option: '${key}'`)
    }

    case 'hookscript': {
      checkHookScript(call.world, String(value), call.node)
      return value
    }

    default: {
      return value
    }
  }
}

function splitList(value: number | string): readonly string[] {
  return String(value)
    .split(/[\s,;]+/)
    .filter((item) => item !== '')
}

function checkContentType(world: World, key: string, value: number | string): void {
  const {type, volume} = parseMountPoint(key, value)
  if (type !== 'volume') return
  if (!volume.includes(':')) die(`unable to parse volume ID '${volume}'`)
  const storage = storageConfig(world, volume.split(':', 1)[0]!)
  if (!hasContent(storage, 'rootdir')) {
    die(`storage '${storage.storage}' does not allow content type 'rootdir' (Container)`)
  }
}

function checkHookScript(world: World, volid: string, node: string): void {
  if (!/:snippets\//.test(volid)) die(`invalid volume type for hookscript '${volid}'`)
  const exists = [...world.store.of('volumes').values()].some(
    (volume) => volume.volid === volid && (volume.node ?? node) === node,
  )
  if (!exists) die(`hookscript: script '${volid}' does not exist`)
}

/** An option as it is read back: descriptions end in a line break (reference 5). */
export function shownOption(key: string, value: number | string): number | string {
  return key === 'description' && !String(value).endsWith('\n') ? `${value}\n` : value
}
