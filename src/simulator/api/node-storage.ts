import {backupContents} from '../guest/backup-contents.js'
import {die, paramError} from '../kernel/pve-error.js'
import {isActiveOn} from '../storage/activation.js'
import {ordered} from '../storage/config.js'
import {storageType} from '../storage/types.js'
import {findVolume, hasContent, storageConfig, storageOnNode, validFormats} from '../storage/volumes.js'
import {Figures, isEnabledOn, isShared} from '../views/node-figures.js'
import {rrdPoints} from '../views/rrd.js'

import type {Call, Routes} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'
import type {StorageRecord} from '../kernel/state.js'

const SUBDIRS = [
  'content',
  'download-url',
  'file-restore',
  'import-metadata',
  'prunebackups',
  'rrd',
  'rrddata',
  'status',
  'upload',
]
const SUBDIRS_9 = [
  'content',
  'download-url',
  'file-restore',
  'identity',
  'import-metadata',
  'oci-registry-pull',
  'prunebackups',
  'rrd',
  'rrddata',
  'status',
  'upload',
]

type Entry = {[key: string]: Json}

export const nodeStorageRoutes: Routes = {
  'GET /nodes/{node}/storage'(call) {
    const {world, node} = call
    const figures = new Figures(world)
    const content = call.list('content')
    const only = call.text('storage')
    const target = call.text('target')
    if (only !== undefined) storageConfig(world, only)
    if (target !== undefined && target !== node) call.check(`/nodes/${target}`, 'Sys.Audit')
    return ordered(world)
      .filter(({storage}) => only === undefined || storage === only)
      .filter(({storage}) => call.hasAny(`/storage/${storage}`, 'Datastore.Audit', 'Datastore.AllocateSpace'))
      .filter((storage) => content.length === 0 || content.some((kind) => hasContent(storage, kind)))
      .filter((storage) => !call.flag('enabled') || isEnabledOn(storage, node))
      .filter(
        (storage) =>
          target === undefined ||
          target === node ||
          (isShared(storage) && isEnabledOn(storage, target) && isEnabledOn(storage, node)),
      )
      .map((storage) => {
        const info = storageInfo(call, figures, storage)
        const total = info['total'] as number
        return {
          storage: storage.storage,
          ...info,
          ...(total > 0 && {used_fraction: (info['used'] as number) / total}),
          ...(call.flag('format') && formats(call, storage)),
        }
      })
  },

  'GET /nodes/{node}/storage/{storage}': (call) =>
    (call.world.release === '9.2' ? SUBDIRS_9 : SUBDIRS).map((subdir) => ({subdir})),

  'GET /nodes/{node}/storage/{storage}/status'(call) {
    const storage = call.world.store.of('storages').get(call.required('storage'))
    if (!storage) return paramError({storage: 'No such storage.'})
    return storageInfo(call, new Figures(call.world), storage)
  },

  'GET /nodes/{node}/storage/{storage}/rrddata'(call) {
    const {world} = call
    const storage = storageConfig(world, call.required('storage'))
    const {total, used} = new Figures(world).storage(storage, call.node)
    const since = world.node(call.node).bootedAt / 1000
    return rrdPoints(world, call.required('timeframe'), (time) =>
      time >= since && isActiveOn(storage, call.node) ? {total, used} : undefined,
    )
  },

  'GET /nodes/{node}/storage/{storage}/file-restore/list': (call) => listFiles(call),
  'GET /nodes/{node}/storage/{storage}/file-restore/download': (call) => noFiles(call),

  'GET /nodes/{node}/storage/{storage}/identity'(call) {
    const storage = storageOnNode(call.world, call.required('storage'), call.node)
    const {path, server, vgname, thinpool, pool, datastore} = storage.config
    const parts = [isShared(storage) ? '' : call.node, server, vgname, thinpool, pool, datastore, path]
    return {type: storage.type, id: parts.filter((part) => part !== undefined && part !== '').join(':')}
  },

  'GET /nodes/{node}/storage/{storage}/import-metadata'(call) {
    const storage = storageOnNode(call.world, call.required('storage'), call.node)
    return die(
      storageType(storage.type).content.includes('import')
        ? `unable to read the metadata of '${call.required('volume')}'`
        : `storage type '${storage.type}' does not support import`,
    )
  },
}

/**
 * The top of a backup on a backup server: an image for each disk of a VM, one archive of a container. What is in them is not kept, so there is nothing to be had
 * below.
 */
function listFiles(call: Call): Entry[] {
  const id = call.required('storage')
  const {type} = storageOnNode(call.world, id, call.node)
  if (type !== 'pbs') paramError({storage: 'Only PBS storages supported for file-restore.'})
  const given = call.required('volume')
  const volid = given.startsWith(`${id}:`) ? given : `${id}:${given}`
  const volume = findVolume(call.world, volid, call.node) ?? die(`volume '${volid}' does not exist`)
  const contents = backupContents(volume)
  if (call.required('filepath') !== '/' || !contents) return noFiles(call)
  const names =
    contents.type === 'qemu'
      ? Object.entries(contents.disks).map(([key, {size}]) => ({text: `drive-${key}.img.fidx`, size}))
      : [{text: 'root.pxar.didx', size: Object.values(contents.disks).reduce((sum, {used}) => sum + used, 0)}]
  return names.map(({size, text}) => ({
    filepath: Buffer.from(`/${text}`).toString('base64'),
    leaf: 0,
    size,
    text,
    type: 'v',
  }))
}

function noFiles(call: Call): never {
  const {type} = storageOnNode(call.world, call.required('storage'), call.node)
  if (type !== 'pbs') paramError({storage: 'Only PBS storages supported for file-restore.'})
  return die('proxmox-file-restore failed: Error: no block device found in the backup')
}

/** A storage that is switched off, not for this node or not to be found there has figures, too: all 0. */
function storageInfo({world, node}: Call, figures: Figures, storage: StorageRecord): Entry {
  const isOn = isEnabledOn(storage, node)
  const isActive = isActiveOn(storage, node)
  const {total, used, avail} = isActive ? figures.storage(storage, node) : {total: 0, used: 0, avail: 0}
  return {
    type: storage.type,
    content: storage.config['content'] ?? '',
    shared: isShared(storage) ? 1 : 0,
    active: isActive && world.node(node).power === 'on' ? 1 : 0,
    enabled: isOn ? 1 : 0,
    total,
    used,
    avail,
  }
}

function formats({world}: Call, storage: StorageRecord): Entry {
  const known = validFormats(storage)
  if (known.length === 0) return {}
  if (world.release === '9.2') return {formats: {supported: known, default: known[0]!}}
  return {format: [Object.fromEntries(known.map((format) => [format, 1])), known[0]!]}
}
