import {checkLock, checkProtection, checkWritable, configDigest, loadGuest, withOptions} from '../guest/guests.js'
import {addUnused} from '../guest/snapshots.js'
import {die, errorText, paramError} from '../kernel/pve-error.js'
import {randomMac} from '../guest/mac-address.js'
import {checkOptionAccess} from './access.js'
import {mountPoints, NEW_DISK, parseMountPoint, printMountPoint, printNetwork} from './mount-points.js'
import {normalOption, optionExists, optionsOf} from './options.js'
import {createVolumes, destroyVolume, inSnapshots} from './volumes.js'

import type {Call} from '../kernel/call.js'
import type {GuestConfig, GuestRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** What of a running container changes at once, because nobody inside notices. */
const FAST = /^(?:cores|description|hookscript|hostname|lock|onboot|protection|startup|tags|template)$/
/** What of a running container can be changed from outside. */
const HOTPLUG_SET = /^(?:cpulimit|cpuunits|memory|net\d+|swap|mp\d+|dev\d+)$/
const HOTPLUG_DELETE = /^(?:cpulimit|cpuunits|net\d|swap|unused\d+)$/
const REQUIRED = new Set(['memory', 'ostype', 'rootfs'])

const MODIFIED = 'detected modified configuration - file changed by other user? Try again.'

type Pending = Record<string, number | string | null>

/** @throws PveError 500 if the caller saw another state of the configuration than there is now */
export function checkDigest(call: Call, guest: GuestRecord, digest: string | undefined): void {
  if (digest !== undefined && digest !== '' && digest !== configDigest(call.world, guest)) die(MODIFIED)
}

/** Changes the options of a container: what cannot take effect while it runs becomes pending (reference 2.13). */
export function updateContainer(call: Call): void {
  const {world, node, vmid} = call
  const set = optionsOf(call.params)
  const remove = call.list('delete')
  const revert = call.list('revert')
  if (Object.keys(set).length + remove.length + revert.length === 0) die('no options specified')
  checkNames(call, set, remove, revert)

  const guest = loadGuest(world, 'lxc', node, vmid)
  checkLock(guest)
  checkDigest(call, guest, call.text('digest'))
  const unprivileged = Number(guest.config['unprivileged'] ?? 0) === 1
  checkOptionAccess(call, {vmid, before: guest.config, set, remove, unprivileged})

  const pending = newPending(call, guest, {set, remove, revert})
  checkWritable(world, 'lxc', node, vmid)
  const touched = new Set([...Object.keys(set), ...remove])
  const result = guest.run
    ? applyPending(world, guest, pending, (key, value) => mayHotplug(guest.config, key, value) && touched.has(key))
    : applyPending(world, guest, pending, () => true)
  const {pending: _old, ...rest} = guest
  world.store.of('guests').put(vmid, {
    ...rest,
    config: result.config,
    ...(Object.keys(result.pending).length > 0 && {pending: result.pending}),
  })
  if (Object.keys(result.errors).length > 0) paramError(result.errors)
}

function checkNames({world}: Call, set: GuestConfig, remove: readonly string[], revert: readonly string[]): void {
  for (const key of remove) {
    if (set[key] !== undefined) paramError({delete: `you can't use '-${key}' and -delete ${key}' at the same time`})
    if (!optionExists(world, key)) paramError({delete: `unknown option '${key}'`})
  }

  for (const key of revert) {
    if (!optionExists(world, key)) paramError({revert: `unknown option '${key}'`})
    if (set[key] !== undefined) paramError({delete: `you can't use '-${key}' and '-revert ${key}' at the same time`})
    if (remove.includes(key)) {
      paramError({delete: `you can't use '-delete ${key}' and '-revert ${key}' at the same time`})
    }
  }
}

function newPending(
  call: Call,
  guest: GuestRecord,
  {set, remove, revert}: {set: GuestConfig; remove: readonly string[]; revert: readonly string[]},
): Pending {
  const pending: Pending = {...guest.pending}
  for (const key of revert) delete pending[key]
  for (const key of remove) {
    if (guest.config[key] === undefined && (pending[key] ?? undefined) === undefined) continue
    if (REQUIRED.has(key)) die(`unable to delete required option '${key}'`)
    if (key === 'unprivileged') die(`unable to delete read-only option: '${key}'`)
    if (/^(?:unused|mp)\d+$/.test(key)) checkProtection(guest, `can't remove CT ${guest.vmid} drive '${key}'`)
    pending[key] = null
  }

  for (const key of Object.keys(set).sort()) {
    if (/^(?:rootfs|mp\d+)$/.test(key)) checkProtection(guest, `can't update CT ${guest.vmid} drive '${key}'`)
    pending[key] = normalOption(call, key, set[key]!)
  }

  // what is as it was is no change
  for (const [key, value] of Object.entries(pending)) {
    if (value === null ? guest.config[key] === undefined : guest.config[key] === value) delete pending[key]
  }

  return pending
}

function mayHotplug(config: GuestConfig, key: string, value: number | string | null): boolean {
  if (FAST.test(key)) return true
  if (value === null) return HOTPLUG_DELETE.test(key)
  // there is no changing of a mount point under the feet of a running container
  return HOTPLUG_SET.test(key) && !(/^(?:mp|dev)\d+$/.test(key) && config[key] !== undefined)
}

interface Applied {
  config: GuestConfig
  readonly pending: Pending
  readonly errors: Record<string, string>
}

/** Moves what may be moved from the pending changes into the configuration. */
function applyPending(
  world: World,
  guest: GuestRecord,
  pending: Pending,
  may: (key: string, value: number | string | null) => boolean,
): Applied {
  const applied: Applied = {config: guest.config, pending: {...pending}, errors: {}}
  const keys = Object.keys(pending).sort(
    (a, b) => Number(pending[a] !== null) - Number(pending[b] !== null) || (a < b ? -1 : 1),
  )
  for (const key of keys) {
    const value = pending[key]!
    if (!may(key, value)) continue
    try {
      applied.config =
        value === null ? removed(world, guest, applied.config, key) : changed(world, guest, applied.config, key, value)
      delete applied.pending[key]
    } catch (error) {
      const what = guest.run ? `unable to hotplug ${key}:` : `unable to apply pending change ${key} :`
      applied.errors[key] = `${what} ${errorText(error)}\n`
      if (!guest.run) delete applied.pending[key]
    }
  }

  return {...applied, config: withoutUsedUnused(applied.config)}
}

function removed(world: World, guest: GuestRecord, config: GuestConfig, key: string): GuestConfig {
  const value = config[key]
  const rest = withOptions(config, {[key]: undefined})
  if (value === undefined) return rest
  if (/^mp\d+$/.test(key)) return released(guest, rest, key, value)
  if (/^unused\d+$/.test(key)) {
    const {volume} = parseMountPoint(key, value)
    const isUsed = mountPoints(rest, {unused: true}).some(([, mountPoint]) => mountPoint.volume === volume)
    if (!isUsed && !inSnapshots(guest, volume)) destroyVolume(world, guest, volume)
  }

  return rest
}

/** A configuration that has let go of a mount point: its volume is unused now. */
function released(guest: GuestRecord, config: GuestConfig, key: string, old: number | string): GuestConfig {
  const {type, volume} = parseMountPoint(key, old)
  const isUsed = mountPoints(config).some(([, mountPoint]) => mountPoint.volume === volume)
  if (type !== 'volume' || isUsed || inSnapshots(guest, volume)) return config
  return addUnused(config, volume)
}

function changed(
  world: World,
  guest: GuestRecord,
  config: GuestConfig,
  key: string,
  value: number | string,
): GuestConfig {
  if (/^net\d+$/.test(key)) return {...config, [key]: printNetwork(String(value), () => randomMac(world))}
  if (!/^(?:rootfs|mp\d+)$/.test(key)) return {...config, [key]: value}
  const mountPoint = parseMountPoint(key, value)
  const old = config[key]
  const next = NEW_DISK.test(mountPoint.volume)
    ? {...config, ...createVolumes(world, guest, {[key]: value}, () => undefined).config}
    : {...config, [key]: attached(world, guest, mountPoint)}
  return old === undefined ? next : released(guest, next, key, old)
}

function attached(world: World, guest: GuestRecord, mountPoint: ReturnType<typeof parseMountPoint>): string {
  if (mountPoint.type !== 'volume') return printMountPoint(mountPoint)
  const {volume} = mountPoint
  const found = [...world.store.of('volumes').values()].find(
    ({volid, node}) => volid === volume && (node ?? guest.node) === guest.node,
  )
  return printMountPoint({...mountPoint, ...(found && {size: found.size})})
}

/** A volume in use again is not unused any more. */
function withoutUsedUnused(config: GuestConfig): GuestConfig {
  const used = new Set(mountPoints(config).map(([, {volume}]) => volume))
  return Object.fromEntries(
    Object.entries(config).filter(([key, value]) => !(/^unused\d+$/.test(key) && used.has(String(value)))),
  )
}

/** What a container starts with: everything pending takes effect. */
export function takePending(world: World, guest: GuestRecord): GuestRecord {
  if (!guest.pending) return guest
  const {pending, run: _run, ...stopped} = guest
  return {...stopped, config: applyPending(world, stopped, pending, () => true).config}
}
