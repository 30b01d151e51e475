import {createHash, randomBytes} from 'node:crypto'

import {die, errorText, paramError, PveError} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {findVolume, freeVolume, storageConfig} from '../storage/volumes.js'
import {parseVolumeName, splitVolid} from '../storage/volume-name.js'
import {checkBridgeAccess, checkGuestPrivileges} from '../guest/access.js'
import {checkDeviceAccess, checkDriveAccess, checkDriveOptions, checkOptionAccess} from './access.js'
import {checkSshKeys} from './create.js'
import {createDisks} from './disks.js'
import {isCdrom, isPlainCdrom, parseDrive} from './drives.js'
import {withConfigLock} from '../guest/config-lock.js'
import {uniqueTags} from '../guest/tags.js'
import {checkLock, checkProtection, withOptions} from '../guest/guests.js'
import {hotplug} from './hotplug.js'
import {newUuid} from './identity.js'
import {completeNet} from './network.js'
import {isDriveKey, optionExists, optionParams} from './options.js'
import {applyPending, registerUnused} from './pending.js'
import {checkDigest, loadVm, updateVm} from './vm.js'

import type {Call} from '../kernel/call.js'
import type {GuestRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {Progress} from './copy.js'
import type {Pending} from './pending.js'

interface Change {
  readonly options: Readonly<Record<string, number | string>>
  readonly deletions: readonly string[]
  readonly reverts: readonly string[]
  readonly force: boolean
  readonly skiplock: boolean
  readonly digest: string | undefined
  /** `-name x -tags y`, as the task log shows it. */
  readonly summary: string
}

/** Changes a VM's configuration at once: `PUT …/config`. */
export async function updateNow(call: Call): Promise<null> {
  return apply(call, prepare(call))
}

/** Deletes drives: `PUT …/unlink`. */
export async function unlinkDrives(call: Call): Promise<null> {
  return apply(call, prepareDeletions(call, call.list('idlist'), call.flag('force') ?? false))
}

async function apply(call: Call, change: Change): Promise<null> {
  await locked(call, change, async (apply) => {
    await apply({log: () => {}, sleep: () => Promise.resolve()})
  })
  return null
}

/** Changes a VM's configuration in a task: `POST …/config`. Null if the task ended well within `background_delay` seconds. */
export async function updateInBackground(call: Call): Promise<string | null> {
  const {world, vmid} = call
  const change = prepare(call)
  const delay = call.number('background_delay')
  let upid = ''
  await locked(call, change, (apply) => {
    upid = call.startTask('qmconfig', vmid, async (task) => {
      task.log(`update VM ${vmid}: ${change.summary}`)
      await apply(task, task).catch((error: unknown) => {
        throw flat(error)
      })
    })
    return Promise.resolve()
  })
  if (delay === undefined) return upid
  await Promise.race([world.tasks.ended(upid), world.clock.sleep(delay, {wait: 'patience'})])
  const status = world.tasks.get(upid)?.status
  if (status === undefined) return upid
  if (status === 'OK' || status.startsWith('WARNINGS')) return null
  return die(`failed to update VM ${vmid}: ${status}`)
}

/** A parameter error inside a task is one text. */
function flat(error: unknown): unknown {
  if (!(error instanceof PveError) || !error.errors) return error
  const lines = Object.entries(error.errors).map(([key, text]) => `${key}: ${text.replace(/\n$/, '')}`)
  return new PveError(500, [`${error.status} ${error.message}`, ...lines].join('\n'))
}

function prepareDeletions(call: Call, deletions: readonly string[], force: boolean): Change {
  checkKeys(call, {}, deletions, [])
  checkOptionAccess(call, call.vmid, undefined, deletions)
  return {options: {}, deletions, reverts: [], force, skiplock: false, digest: undefined, summary: ''}
}

/** Everything that is checked before the configuration is looked at. */
function prepare(call: Call): Change {
  const {world, vmid} = call
  const options = optionParams(world, call.params)
  const password = options['cipassword']
  if (password !== undefined) options['cipassword'] = encryptPassword(String(password))
  const summary = Object.entries(call.params)
    .filter(([key]) => !['node', 'vmid', 'digest', 'background_delay'].includes(key))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `-${key} ${key === 'cipassword' ? '<hidden>' : String(value)}`)
    .join(' ')
  const skiplock = call.flag('skiplock') ?? false
  if (skiplock && !call.isRootPam) paramError({skiplock: 'Only root may use this option.'})
  checkSshKeys(options['sshkeys'])
  const deletions = call.list('delete').map((key) => (key === 'cdrom' ? 'ide2' : key))
  const reverts = call.list('revert')
  if (deletions.length === 0 && reverts.length === 0 && Object.keys(options).length === 0) die('no options specified')
  checkKeys(call, options, deletions, reverts)
  checkDriveOptions(options)
  normalise(call, options)
  checkOptionAccess(call, vmid, undefined, deletions)
  checkOptionAccess(call, vmid, undefined, Object.keys(options))
  checkDriveAccess(call, vmid, options)
  checkBridgeAccess(call, options)
  return {
    options,
    deletions,
    reverts,
    force: call.flag('force') ?? false,
    skiplock,
    digest: call.text('digest'),
    summary,
  }
}

function checkKeys(
  {world}: Call,
  options: Readonly<Record<string, unknown>>,
  deletions: readonly string[],
  reverts: readonly string[],
): void {
  for (const key of reverts) {
    if (!optionExists(world, key)) paramError({revert: `unknown option '${key}'`})
    if (options[key] !== undefined) paramError({delete: `you can't use '-${key}' and -revert ${key}' at the same time`})
  }

  for (const key of deletions) {
    if (options[key] !== undefined) paramError({delete: `you can't use '-${key}' and -delete ${key}' at the same time`})
    if (reverts.includes(key))
      paramError({revert: `you can't use '-delete ${key}' and '-revert ${key}' at the same time`})
    if (!optionExists(world, key)) paramError({delete: `unknown option '${key}'`})
  }
}

function normalise(call: Call, options: Record<string, number | string>): void {
  const {world} = call
  for (const [key, value] of Object.entries(options)) {
    if (/^net\d+$/.test(key)) options[key] = completeNet(world, String(value))
    else if (key === 'vmgenid' && value === '1') options[key] = newUuid()
    else if (key === 'hookscript') checkHookscript(call, String(value))
  }
}

function checkHookscript({world, node}: Call, volid: string): void {
  const parts = splitVolid(volid)
  if (!parts) paramError({hookscript: `unable to parse volume ID '${volid}'\n`})
  const wrong = (text: string): never => paramError({hookscript: `${text}\n`})
  let content: string
  try {
    ;({content} = parseVolumeName(storageConfig(world, parts.storage), parts.volname))
  } catch (error) {
    return wrong(errorText(error))
  }

  if (content !== 'snippets') wrong(`hookscript must be in the snippets directory`)
  if (!findVolume(world, volid, node)) wrong(`script '${volid}' does not exist`)
}

/** A hash in the form of crypt(3) stays as it is. */
function encryptPassword(text: string): string {
  if (/^\$(?:[156]|2[ay])(?:\$.+){2}/.test(text)) return text
  const salt = randomBytes(6).toString('hex')
  return `$5$${salt}$${createHash('sha256')
    .update(salt + text)
    .digest('base64url')}`
}

type Apply = (progress: Progress, task?: Task) => Promise<void>

/** Checks the configuration under its lock; the change itself is left to the caller, now or in a task. */
async function locked(call: Call, change: Change, then: (apply: Apply) => Promise<void>): Promise<void> {
  const {world, node, vmid} = call
  await withConfigLock(world, {node, vmid}, {}, async () => {
    const guest = loadVm(world, node, vmid)
    checkDigest(world, guest, change.digest)
    const wakesFromDisk = change.deletions.includes('vmstate') && guest.config['lock'] === 'suspended'
    if (!change.skiplock && !wakesFromDisk) checkLock(guest)
    const complete = withReverts(guest, {
      ...change,
      ...(wakesFromDisk && {deletions: [...change.deletions, 'lock', 'runningmachine', 'runningcpu']}),
    })
    checkBalloon(guest, complete)
    await then((progress, task) => applyChange(call, complete, progress, task))
  })
}

/** To revert an option is to set what it is now, or to delete what it would become. */
function withReverts(guest: GuestRecord, change: Change): Change {
  const options = {...change.options}
  const deletions = [...change.deletions]
  for (const key of change.reverts) {
    const now = guest.config[key]
    if (now !== undefined) options[key] = now
    else if (guest.pending?.[key] !== undefined) deletions.push(key)
  }

  return {...change, options, deletions}
}

function checkBalloon(guest: GuestRecord, {options}: Change): void {
  if (options['memory'] === undefined && options['balloon'] === undefined) return
  const next = (key: string): number | string | undefined => options[key] ?? guest.pending?.[key] ?? guest.config[key]
  const memory = Number.parseInt(String(next('memory') ?? 512).replace('current=', ''), 10)
  const balloon = Number(next('balloon') ?? 0)
  if (balloon > memory) die('balloon value too large (must be smaller than assigned memory)')
}

/** Writes the change as pending, then applies what can be applied now. */
async function applyChange(call: Call, change: Change, progress: Progress, task?: Task): Promise<void> {
  const {world, node, vmid} = call
  const upid = task?.upid
  const warn = (text: string): void => (task ? task.log(text) : undefined)
  const order = new BootOrder(loadVm(world, node, vmid), change.deletions.includes('boot'))
  for (const key of change.deletions) planDeletion(call, change, key, {order, warn, upid})
  for (const [key, value] of Object.entries(change.options))
    await planValue(call, change, key, value, {order, progress, upid})
  dropUnchanged(call, upid)
  const guest = loadVm(world, node, vmid)
  if (!guest.pending) return
  if (guest.run) hotplug(call, guest)
  else {
    updateVm(world, guest, {}, upid)
    applyPending(world, guest)
  }
}

/** The devices to boot from, as they change along with the drives. */
class BootOrder {
  devices: readonly string[]

  constructor(
    guest: GuestRecord,
    private readonly isDeleted: boolean,
  ) {
    const boot = String(guest.pending?.['boot'] ?? guest.config['boot'] ?? '')
    this.devices = (/(?:^|,)order=([^,]*)/.exec(boot)?.[1] ?? '').split(';').filter(Boolean)
  }

  /** The new `boot` without a device; undefined if it was not in it. */
  without(device: string): string | undefined {
    if (this.isDeleted || !this.devices.includes(device)) return undefined
    this.devices = this.devices.filter((other) => other !== device)
    return this.text
  }

  /** The new `boot` with a device behind the others; undefined if nothing changes or there is no order. */
  with(device: string): string | undefined {
    if (this.devices.length === 0 || this.devices.includes(device)) return undefined
    this.devices = [...this.devices, device]
    return this.text
  }

  private get text(): string {
    return this.devices.length === 0 ? ' ' : `order=${this.devices.join(';')}`
  }
}

function planDeletion(
  call: Call,
  change: Change,
  key: string,
  {order, warn, upid}: {order: BootOrder; warn: (text: string) => void; upid: string | undefined},
): void {
  const {world, node, vmid} = call
  const guest = loadVm(world, node, vmid)
  const waiting = guest.pending?.[key] ?? undefined
  const value = guest.config[key] ?? waiting
  if (value === undefined) {
    warn(`cannot delete '${key}' - not set in current configuration!`)
    return
  }

  const pending: Record<string, number | string | null> = {...guest.pending}
  delete pending[key]
  const boot = order.without(key)
  if (boot !== undefined) pending['boot'] = boot
  const config = guest.config
  if (/^unused\d+$/.test(key)) {
    const {file} = parseDrive(value)
    checkProtection(guest, `can't remove unused disk '${file}'`)
    checkGuestPrivileges(call, vmid, undefined, ['VM.Config.Disk'])
    removeUnused(call, guest, key, file, pending)
    return
  }

  if (isDriveKey(key)) {
    checkProtection(guest, `can't remove drive '${key}'`)
    checkGuestPrivileges(call, vmid, undefined, [
      isPlainCdrom(parseDrive(value)) ? 'VM.Config.CDROM' : 'VM.Config.Disk',
    ])
  } else if (key === 'tags') {
    checkGuestPrivileges(call, vmid, undefined, ['VM.Config.Options'])
  } else {
    checkDeviceAccess(call, vmid, undefined, {[key]: value})
  }

  const kept = isDriveKey(key) && waiting !== undefined ? registerUnused(config, parseDrive(waiting)) : config
  const forced = new Set(guest.forcedDeletions)
  if (change.force) forced.add(key)
  updateVm(
    world,
    guest,
    {
      config: kept,
      pending: {...pending, [key]: null},
      ...(forced.size > 0 && {forcedDeletions: [...forced]}),
    },
    upid,
  )
}

/** Destroys the disk of an `unusedN`; one of somebody else's, or in use by a snapshot, is only forgotten, or stays. */
function removeUnused(call: Call, guest: GuestRecord, key: string, file: string, pending: Pending): void {
  const {world, node} = call
  const isInSnapshot = Object.values(guest.snapshots ?? {}).some(({config}) =>
    Object.entries(config).some(([other, value]) => isDriveKey(other) && parseDrive(value).file === file),
  )
  const volume = splitVolid(file) && findVolume(world, file, node)
  if (volume && volume.vmid === guest.vmid && !isInSnapshot) freeVolume(world, volumeKey(volume))
  updateVm(world, guest, {
    config: withOptions(guest.config, {[key]: null}),
    pending: Object.keys(pending).length > 0 ? pending : undefined,
  })
}

async function planValue(
  call: Call,
  change: Change,
  key: string,
  given: number | string,
  {order, progress, upid}: {order: BootOrder; progress: Progress; upid: string | undefined},
): Promise<void> {
  const {world, node, vmid} = call
  const guest = loadVm(world, node, vmid)
  const waiting = guest.pending?.[key]
  if (waiting === given) return
  let value = given
  let config = guest.config
  const extra: Record<string, number | string> = {}
  if (isDriveKey(key)) {
    const drive = parseDrive(given)
    checkGuestPrivileges(call, vmid, undefined, [isPlainCdrom(drive) ? 'VM.Config.CDROM' : 'VM.Config.Disk'])
    if (waiting !== undefined && waiting !== null) config = registerUnused(config, parseDrive(waiting))
    const made = await createDisks(
      world,
      {node, vmid, options: {[key]: given}, config: {...config, ...pendingValues(guest)}},
      progress,
    )
    value = made.options[key]!
    const boot = isCdrom(drive) && isPlainCdrom(parseDrive(value)) ? order.with(key) : undefined
    if (boot !== undefined) extra['boot'] = boot
  } else if (key === 'tags') {
    checkGuestPrivileges(call, vmid, undefined, ['VM.Config.Options'])
    value = uniqueTags(world, String(given))
  } else if (key === 'boot') {
    checkBootDevices(guest, change, String(given))
  } else {
    checkDeviceAccess(call, vmid, undefined, {[key]: given})
  }

  const now = loadVm(world, node, vmid)
  updateVm(
    world,
    now,
    {
      config: config === guest.config ? now.config : config,
      pending: {...now.pending, ...extra, [key]: value},
      forcedDeletions: without(now.forcedDeletions, key),
    },
    upid,
  )
}

function without(keys: readonly string[] | undefined, key: string): readonly string[] | undefined {
  const rest = keys?.filter((other) => other !== key)
  return rest && rest.length > 0 ? rest : undefined
}

/** Values that wait, without the deletions. */
function pendingValues(guest: GuestRecord): Record<string, number | string> {
  return Object.fromEntries(
    Object.entries(guest.pending ?? {}).filter((entry): entry is [string, number | string] => entry[1] !== null),
  )
}

function checkBootDevices(guest: GuestRecord, change: Change, boot: string): void {
  const devices = (/(?:^|,)order=([^,]*)/.exec(boot)?.[1] ?? '').split(/[;\s]+/).filter(Boolean)
  for (const device of devices) {
    const exists = guest.config[device] ?? guest.pending?.[device] ?? change.options[device]
    if (exists === undefined || exists === null || change.deletions.includes(device)) {
      die(`invalid bootorder: device '${device}' does not exist'`)
    }
  }
}

/** What is to become what it already is does not wait for anything. */
function dropUnchanged(call: Call, upid: string | undefined): void {
  const {world, node, vmid} = call
  const guest = loadVm(world, node, vmid)
  if (!guest.pending) return
  const entries = Object.entries(guest.pending).filter(([key, value]) =>
    value === null ? guest.config[key] !== undefined : guest.config[key] !== value,
  )
  if (entries.length === Object.keys(guest.pending).length) return
  updateVm(world, guest, {pending: entries.length > 0 ? Object.fromEntries(entries) : undefined}, upid)
}
