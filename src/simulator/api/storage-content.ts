import {die, paramError, PveError} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {addressOf, checkVolumeAccess, type VolumeAddress} from '../storage/access.js'
import {checkActivation} from '../storage/activation.js'
import {listContent, volumeFacts} from '../storage/content.js'
import {storageType} from '../storage/types.js'
import {parseVolumeName} from '../storage/volume-name.js'
import {allocateVolume} from '../storage/allocate.js'
import {pathOf} from '../storage/volume-path.js'
import {findVolume, freeVolume, isBaseVolume, linkedClonesOf, storageOnNode} from '../storage/volumes.js'

import type {Call, Routes} from '../kernel/call.js'
import type {VolumeRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

const KIB = 1024
const UNIT: Readonly<Record<string, number>> = {'': KIB, M: KIB ** 2, G: KIB ** 3}
const ROOT = '/nodes/{node}/storage/{storage}/content'

export const storageContentRoutes: Routes = {
  [`GET ${ROOT}`](call) {
    const storage = storageOnNode(call.world, call.required('storage'), call.node)
    checkActivation(storage, call.node)
    return listContent(call, storage, {content: call.text('content'), vmid: call.number('vmid')})
  },

  [`POST ${ROOT}`](call) {
    const {world, node, vmid} = call
    const storage = call.required('storage')
    const [, number = '', unit = ''] = /^(\d+)([MG]?)$/.exec(call.required('size')) ?? []
    const given = call.required('filename')
    if (given.includes(':') && given.split(':', 1)[0] !== storage)
      paramError({filename: `storage ID mismatch (${given.split(':', 1)[0]} != ${storage})`})
    const name = given.slice(given.indexOf(':') + 1)
    const extension = /\.(raw|qcow2|vmdk)$/.exec(name)?.[1]
    const asked = call.text('format')
    if (asked !== undefined && extension !== undefined && asked !== extension) {
      paramError({format: `different storage formats (${asked} != ${extension})`})
    }

    const format = asked ?? extension
    const owner = world.store.of('guests').get(vmid)
    const volume = allocateVolume(world, {
      storage,
      node,
      vmid,
      sizeBytes: Number(number) * UNIT[unit]!,
      content: owner?.type === 'lxc' ? 'rootdir' : 'images',
      name,
      ...(format !== undefined && {format}),
    })
    return volume.volid
  },

  [`GET ${ROOT}/{volume}`](call) {
    const address = pathVolume(call)
    checkVolumeAccess(call, address)
    const parsed = parseVolumeName(address.storage, address.volname)
    const volume = findVolume(call.world, address.volid, call.node)
    if (!volume) return die(`volume_size_info on '${address.volid}' failed - no format`)
    return volumeFacts(address.storage, volume, pathOf(address.storage, parsed))
  },

  [`PUT ${ROOT}/{volume}`](call) {
    const address = pathVolume(call)
    checkVolumeAccess(call, address)
    const {content} = parseVolumeName(address.storage, address.volname)
    const notes = call.text('notes')
    const isProtected = call.flag('protected')
    const find = (): VolumeRecord =>
      findVolume(call.world, address.volid, call.node) ?? die(`volume '${address.volid}' does not exist`)
    if (notes !== undefined) {
      if (content !== 'backup') die('only backups can have notes')
      const volume = find()
      call.world.store.of('volumes').update(volumeKey(volume), {notes: notes === '' ? undefined : notes})
    }

    if (isProtected !== undefined) {
      if (content !== 'backup') die('only backups can be protected')
      const volume = find()
      call.world.store.of('volumes').update(volumeKey(volume), {protected: isProtected || undefined})
    }

    return null
  },

  /** Nothing asks whether a guest still uses the volume (reference 5). */
  async [`DELETE ${ROOT}/{volume}`](call) {
    const {world} = call
    const address = pathVolume(call)
    const {content, vmid} = parseVolumeName(address.storage, address.volname)
    const path = `/storage/${address.storage.storage}`
    if (content === 'backup' && vmid !== undefined) {
      call.check(path, 'Datastore.AllocateSpace')
      call.check(`/vms/${vmid}`, 'VM.Backup')
    } else {
      call.check(path, 'Datastore.Allocate')
    }

    const id = `${vmid === undefined ? '' : `${vmid}@`}${address.storage.storage}`
    const upid = call.startTask('imgdel', id, (task) => removeVolume(world, task, address))
    const delay = call.number('delay') ?? 0
    if (delay === 0) return upid
    const waiting = new AbortController()
    const patience = world.clock.sleep(delay, {signal: waiting.signal, wait: 'patience'}).catch(() => {})
    await Promise.race([world.tasks.ended(upid), patience])
    waiting.abort()
    const {status} = world.tasks.get(upid) ?? {}
    if (status !== undefined && status !== 'OK') throw new PveError(500, status)
    return status === 'OK' ? null : upid
  },

  /** A copy under another name. */
  [`POST ${ROOT}/{volume}`](call) {
    const {world} = call
    const address = pathVolume(call)
    const target = call.required('target')
    const destination = target.includes(':')
      ? addressOf(call, target)
      : {...address, volname: target, volid: `${address.storage.storage}:${target}`}
    const node = call.text('target_node') ?? call.node
    const {name, vmid} = parseVolumeName(destination.storage, destination.volname)
    return call.startTask('imgcopy', '', async (task) => {
      const source = findVolume(world, address.volid, call.node) ?? die(`volume '${address.volid}' does not exist`)
      await task.sleep(source.used / 256 / KIB ** 2)
      allocateVolume(world, {
        storage: destination.storage.storage,
        node,
        vmid: vmid ?? 0,
        sizeBytes: source.size,
        format: source.format,
        content: source.content === 'rootdir' ? 'rootdir' : 'images',
        name,
        dataBytes: source.used,
      })
    })
  },
}

/** The volume of the path, with or without its storage in front. */
function pathVolume(call: Call): VolumeAddress {
  const volume = call.required('volume')
  const id = call.text('storage')
  const [, prefix] = /^([a-z][\w.-]*):/i.exec(volume) ?? []
  if (prefix !== undefined && id !== undefined && prefix !== id)
    paramError({volume: `storage ID mismatch (${prefix} != ${id})\n`})
  if (prefix === undefined && id === undefined) paramError({volume: 'no storage ID specified\n'})
  const address = addressOf(call, prefix === undefined ? `${id}:${volume}` : volume)
  const storage = storageOnNode(call.world, address.storage.storage, call.node)
  parseVolumeName(storage, address.volname)
  return address
}

function removeVolume(world: World, task: Task, {storage, volname, volid}: VolumeAddress): void {
  const volume = findVolume(world, volid, task.node)
  const parsed = parseVolumeName(storage, volname)
  if (volume?.protected) die(`cannot remove protected volume '${volname}' on '${storage.storage}'`)
  if (volume && isBaseVolume(volume) && linkedClonesOf(world, volume).length > 0) {
    die(`base volume '${volname}' is still in use by linked clones`)
  }

  if (volume) freeVolume(world, volumeKey(volume))
  else if (storageType(storage.type).layout === 'file')
    task.log(`disk image '${pathOf(storage, parsed)}' does not exist`)
  else die(missingDevice(storage.type, pathOf(storage, parsed), parsed.name))
  task.log(`Removed volume '${volid}'`)
}

function missingDevice(type: string, path: string, name: string): string {
  if (type === 'lvm' || type === 'lvmthin') {
    const device = path.replace('/dev/', '')
    return `lvremove '${device}' error:   Failed to find logical volume "${device}"`
  }

  return `volume '${name}' does not exist`
}
