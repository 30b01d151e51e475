import {checkLock} from '../guest/guests.js'
import {findVolume} from '../storage/volumes.js'
import {parseDiskSize} from '../views/disks.js'
import {isEnabledOn, isShared} from '../views/node-figures.js'
import {splitVolid} from '../storage/volume-name.js'
import {drivesOf, isCdrom, parseDrive, unusedOf} from '../qemu/drives.js'
import {parseProperties} from '../qemu/property-string.js'
import {loadVm} from '../qemu/vm.js'

import type {Call} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'
import type {GuestRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** Options of a VM that tie it to this node's hardware. */
export function localResources({config}: GuestRecord): readonly string[] {
  return Object.entries(config)
    .filter(([key, value]) => isLocalDevice(key, String(value)))
    .map(([key]) => key)
    .sort()
}

function isLocalDevice(key: string, value: string): boolean {
  if (key === 'ivshmem' || /^parallel\d+$/.test(key)) return true
  if (/^serial\d+$/.test(key)) return value !== 'socket'
  if (!/^(?:hostpci|usb)\d+$/.test(key)) return false
  const {head, properties} = parseProperties(value, ['host'])
  return !/^spice$/i.test(head ?? '') && !properties.has('mapping')
}

function mappedResources({config}: GuestRecord): readonly (readonly [string, string])[] {
  return Object.entries(config).flatMap(([key, value]) => {
    const mapping = /^(?:hostpci|usb)\d+$/.test(key)
      ? parseProperties(String(value), ['host']).properties.get('mapping')
      : undefined
    return mapping === undefined ? [] : [[key, mapping] as const]
  })
}

/** `GET …/migrate`: where a VM could go, and what it would take along (cluster facts, "QEMU migration"). */
export function vmPrecondition(call: Call): Json {
  const {world, node, vmid} = call
  world.checkQuorum(node)
  const guest = loadVm(world, node, vmid)
  checkLock(guest)
  const allowed: string[] = []
  const nodes: {[node: string]: Json} = {}
  for (const member of world.members()) {
    if (member.node === node) continue
    const missing = unavailableStorages(world, guest, member.node)
    nodes[member.node] = missing.length > 0 ? {unavailable_storages: missing} : {}
    if (missing.length === 0) allowed.push(member.node)
  }

  const mapped = mappedResources(guest)
  return {
    running: guest.run ? 1 : 0,
    allowed_nodes: allowed,
    // the nodes it may go to are listed here, too
    not_allowed_nodes: nodes,
    local_disks: localDisks(world, guest),
    local_resources: localResources(guest),
    'mapped-resources': mapped.map(([key]) => key),
    'mapped-resource-info': Object.fromEntries(mapped.map(([key, name]) => [key, {name}])),
    ...(world.release === '9.2' && {'dependent-ha-resources': [], has_dbus_vmstate: 0}),
  }
}

function unavailableStorages(world: World, {config}: GuestRecord, node: string): readonly string[] {
  const missing = new Set<string>()
  for (const [, drive] of drivesOf(config)) {
    const id = splitVolid(drive.file)?.storage
    const storage = id === undefined ? undefined : world.store.of('storages').get(id)
    if (storage && !isEnabledOn(storage, node)) missing.add(storage.storage)
  }

  return [...missing]
}

function localDisks(world: World, {config, node}: GuestRecord): readonly Json[] {
  const isLocal = (file: string): boolean => {
    const storage = world.store.of('storages').get(splitVolid(file)?.storage ?? '')
    return storage !== undefined && !isShared(storage)
  }

  const flags = {is_vmstate: 0, is_tpmstate: 0, shared: 0, cdrom: 0, replicate: 1}
  const unused = unusedOf(config)
    .filter(([, file]) => isLocal(file))
    .map(([, volid]) => ({...flags, volid, is_unused: 1, is_attached: 0}))
  const state = config['vmstate']
  const states =
    state !== undefined && isLocal(String(state))
      ? [
          {
            ...flags,
            volid: parseDrive(state).file,
            is_vmstate: 1,
            is_unused: 0,
            is_attached: 0,
            size: findVolume(world, String(state), node)?.size ?? 0,
          },
        ]
      : []
  const attached = drivesOf(config)
    .filter(([, drive]) => isLocal(drive.file))
    .map(([key, drive]) => {
      const size = parseDiskSize(drive.properties.get('size') ?? '')
      return {
        ...flags,
        volid: drive.file,
        drivename: key,
        is_unused: 0,
        is_attached: 1,
        cdrom: isCdrom(drive) ? 1 : 0,
        is_tpmstate: key === 'tpmstate0' ? 1 : 0,
        replicate: drive.properties.get('replicate') === '0' ? 0 : 1,
        ...(size !== undefined && {size}),
      }
    })
  return [...attached, ...unused, ...states]
}
