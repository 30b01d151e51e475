import {createHash} from 'node:crypto'

import {die} from '../kernel/pve-error.js'
import {isActiveOn} from './activation.js'
import {optionKind, SECRET_OPTIONS} from './options.js'
import {storageType} from './types.js'

import type {Params} from '../kernel/call.js'
import type {PropertyRecord, StorageRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

const BOOLEANS = new Set([
  'create-base-path',
  'create-subdirs',
  'disable',
  'fuse',
  'krbd',
  'mkdir',
  'nocow',
  'nowritecache',
  'saferemove',
  'shared',
  'skip-cert-verification',
  'snapshot-as-volume-chain',
  'sparse',
  'tagged_only',
])
const NOT_OPTIONS = new Set(['delete', 'digest', 'storage', 'type'])
/** Size of the file system behind a storage on another machine, which nobody told the simulator. */
const REMOTE_BYTES = 1024 ** 4

/** SHA-1 over the whole storage configuration: one digest for all of it, as it is one file. */
export function storageDigest(world: World): string {
  const hash = createHash('sha1')
  for (const {storage, type, config} of ordered(world)) hash.update(JSON.stringify([storage, type, config]))
  return hash.digest('hex')
}

/** The storages in the order of the configuration file. */
export function ordered(world: World): readonly StorageRecord[] {
  return [...world.store.of('storages').values()].sort((a, b) => a.order - b.order)
}

/** A storage as `GET /storage/{storage}` answers it. */
export function storageAnswer(storage: StorageRecord, digest: string): PropertyRecord {
  return {storage: storage.storage, type: storage.type, ...storage.config, digest}
}

/**
 * The record of a new storage.
 * @throws PveError 500 `missing value for required option 'path'` and its like
 */
export function newStorage(world: World, storage: string, type: string, params: Params, node: string): StorageRecord {
  const {required, defaultContent, layout, shared} = storageType(type)
  const config = readOptions(type, params)
  if (layout === 'file' && !required.includes('path')) config['path'] ??= `/mnt/pve/${storage}`
  for (const option of required) if (params[option] === undefined) die(`missing value for required option '${option}'`)
  config['content'] ??= defaultContent.join(',')
  if (shared) config['shared'] = 1
  const order = Math.max(-1, ...[...world.store.of('storages').values()].map((known) => known.order)) + 1
  const missing = missingOn(world, type, config)
  return {
    storage,
    type,
    config,
    order,
    ...(missing.length > 0 && {missingOn: missing}),
    ...space(world, type, config, storage, node),
  }
}

/**
 * The options of a storage after an update.
 * @throws PveError 500 for what this type of storage does not take, or cannot change or lose
 */
export function updatedConfig(
  {type, config}: StorageRecord,
  params: Params,
  remove: readonly string[],
): PropertyRecord {
  for (const option of Object.keys(params)) {
    if (!NOT_OPTIONS.has(option) && optionKind(type, option) === 'fixed')
      die(`can't change value of fixed parameter '${option}'`)
  }

  const changes = readOptions(type, params)
  const next = {...config}
  for (const option of remove) {
    const kind = optionKind(type, option)
    if (kind === 'unknown') die(`no such option '${option}'`)
    if (storageType(type).required.includes(option)) die(`unable to delete required option '${option}'`)
    if (kind === 'fixed') die(`unable to delete fixed option '${option}'`)
    if (changes[option] !== undefined) die(`cannot set and delete property '${option}' at the same time!`)
    delete next[option]
  }

  // a type has content even when none is configured
  return {
    ...(next['content'] === undefined && {content: storageType(type).defaultContent.join(',')}),
    ...next,
    ...changes,
  }
}

/** Nodes on whose disks there is no such volume group or pool: none of their storages is made of it, no installer makes it, and it is on no LUN. */
function missingOn(world: World, type: string, config: PropertyRecord): readonly string[] {
  const option = type === 'zfspool' ? 'pool' : type === 'lvm' || type === 'lvmthin' ? 'vgname' : undefined
  if (option === undefined || config['base'] !== undefined || ['pve', 'rpool'].includes(String(config[option])))
    return []
  const same = ordered(world).filter((other) => other.config[option] === config[option])
  return [...world.store.of('nodes').keys()].filter((node) => !same.some((other) => isActiveOn(other, node)))
}

/** The file system under a new storage: that of one that lies in the same place, the node's own, or one on another machine. */
function space(
  world: World,
  type: string,
  config: PropertyRecord,
  storage: string,
  node: string,
): Pick<StorageRecord, 'filesystem' | 'totalBytes' | 'usedBytes'> {
  const place = ['vgname', 'thinpool', 'pool', 'export', 'share', 'datastore', 'server'] as const
  const keys = place.filter((option) => config[option] !== undefined)
  const same =
    keys.length > 0 && ordered(world).find((other) => keys.every((option) => other.config[option] === config[option]))
  if (same) {
    const filesystem = same.filesystem ?? same.storage
    if (same.filesystem === undefined) world.store.of('storages').update(same.storage, {filesystem})
    return {totalBytes: same.totalBytes, usedBytes: same.usedBytes, filesystem}
  }

  if (['btrfs', 'dir', 'lvm', 'lvmthin', 'zfspool'].includes(type)) {
    const {rootfsTotalBytes, rootfsUsedBytes} = world.node(node)
    const lies =
      type === 'dir'
        ? ordered(world).find((other) => other.type !== 'dir' && isBelow(config['path'], other.config['path']))
        : undefined
    if (lies)
      return {totalBytes: lies.totalBytes, usedBytes: lies.usedBytes, filesystem: lies.filesystem ?? lies.storage}
    return {totalBytes: rootfsTotalBytes, usedBytes: rootfsUsedBytes, filesystem: 'root'}
  }

  return {totalBytes: REMOTE_BYTES, usedBytes: 0, filesystem: storage}
}

function isBelow(path: unknown, directory: unknown): boolean {
  return typeof directory === 'string' && `${String(path)}/`.startsWith(`${directory}/`)
}

function readOptions(type: string, params: Params): {[option: string]: PropertyRecord[string]} {
  const options: {[option: string]: PropertyRecord[string]} = {}
  for (const [option, value] of Object.entries(params)) {
    if (NOT_OPTIONS.has(option) || value === undefined || value === null) continue
    if (optionKind(type, option) === 'unknown') die(`unexpected property '${option}'`)
    if (SECRET_OPTIONS.has(option)) continue
    const text = Array.isArray(value) ? value.join(',') : String(value)
    options[option] = BOOLEANS.has(option) ? (/^(?:1|on|true|yes)$/i.test(text) ? 1 : 0) : checked(type, option, text)
  }

  return options
}

function checked(type: string, option: string, value: string): string {
  const {content, formats, noun} = storageType(type)
  if (option === 'content') {
    const wanted = value.split(/[\s,;]+/).filter((item) => item !== '')
    const known = wanted.filter((item) => content.includes(item))
    if (known.includes('none') && known.length > 1) die("unable to combine 'none' with other content types")
    if (known.length === 0 && !content.includes('none'))
      die(`storage does not support content type '${wanted[0] ?? ''}'`)
    return known.join(',') || 'none'
  }

  if (option === 'format' && !formats.includes(value)) die(`storage does not support format '${value}'`)
  if (option === 'path' && noun === 'directory' && !/^[-/\w.@]+$/.test(value))
    die(`illegal path for directory storage: ${value}`)
  if (option === 'nodes')
    return value
      .split(/[\s,;]+/)
      .filter((item) => item !== '')
      .join(',')
  return value
}
