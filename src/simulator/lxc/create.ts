import {awaitStorageLock} from '../guest/storage-lock.js'
import {backupContents} from '../guest/backup-contents.js'
import {isHaManaged} from '../guest/ha-request.js'
import {checkLock, checkProtection, checkVmidUnused, checkWritable, guestOn, setOptions} from '../guest/guests.js'
import {die, errorText, paramError, permissionError} from '../kernel/pve-error.js'
import {checkBridgeAccess, checkPoolExists, checkVolumeUse} from '../guest/access.js'
import {randomMac} from '../guest/mac-address.js'
import {parseVolumeName} from '../storage/volume-name.js'
import {findVolume, hasContent, storageConfig, storageOnNode} from '../storage/volumes.js'
import {checkOptionAccess} from './access.js'
import {archiveContents, findArchive, unpack} from './archive.js'
import {mountPoints, printMountPoint, printNetwork, withNewAddress} from './mount-points.js'
import {normalOption, optionsOf} from './options.js'
import {startContainer} from './power.js'
import {createVolumes, destroyVolumes, freeVolumes} from './volumes.js'

import type {BackupContents} from '../guest/backup-contents.js'
import type {Call} from '../kernel/call.js'
import type {GuestConfig, VolumeRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

const GIB = 1024 ** 3
const DEFAULT_ROOT_GIB = 4
const DEFAULT_MEMORY = 512
const DEFAULT_SWAP = 512
/** A small system obeys a shutdown in so many seconds. */
const SHUTDOWN_SECONDS = 1
const UNPACK_SECONDS = 0.5
/** Seconds to unpack a GiB. */
const SECONDS_PER_GIB = 8

const KEY_LINE = /^(?:\S+\s+)?(?:(?:sk-)?(?:ssh|ecdsa)-\S+)\s+[A-Za-z\d+/]+=*(?:\s.*)?$/

/** A checked request for a new container. */
interface Plan {
  readonly vmid: number
  readonly restore: boolean
  readonly archive: string
  /** The storage of volumes nothing else is said about. */
  readonly storage: string
  readonly options: GuestConfig
  /** Root file system and mount points as asked for; empty: as the backup has them, or the default. */
  readonly mounts: GuestConfig
  readonly unprivileged: boolean | undefined
  readonly unique: boolean
  readonly pool: string | undefined
  /** Overwrites the container that has the id. */
  readonly replaces: boolean
}

/** `POST /nodes/{node}/lxc`: makes a container from a template, or from a backup (reference 2.13, 2.14). */
export function createContainer(call: Call): string {
  const {world, node} = call
  world.checkQuorum(node)
  const plan = checkRequest(call)
  const {vmid, restore} = plan
  const prefix = `unable to ${restore ? 'restore' : 'create'} CT ${vmid} - `
  try {
    reserve(call, plan)
  } catch (error) {
    die(`${prefix}${errorText(error)}`)
  }

  const start = call.flag('start') ?? false
  return call.startTask(restore ? 'vzrestore' : 'vzcreate', vmid, async (task) => {
    try {
      await build(call, task, plan)
    } catch (error) {
      die(`${prefix}${errorText(error)}`)
    }

    if (call.flag('ha-managed')) addToHa(world, vmid)
    if (start) await startContainer(world, node, vmid, task)
  })
}

function checkRequest(call: Call): Plan {
  const {world, node, vmid} = call
  const restore = call.flag('restore') ?? false
  const force = call.flag('force') ?? false
  let unprivileged = call.flag('unprivileged')
  if (!restore && world.release === '9.2') {
    unprivileged ??= true
    if (!unprivileged) call.check('/', 'Sys.Modify')
  }

  const existing = guestOn(world, 'lxc', node, vmid)
  const replaces = existing !== undefined && restore && force
  if (!replaces) checkVmidUnused(world, vmid)
  else if (existing.run) die("can't overwrite running container")
  else checkProtection(existing, `unable to restore CT ${vmid}`)

  checkSshKeys(call.text('ssh-public-keys'))
  const pool = call.text('pool')
  if (pool !== undefined) checkPoolExists(call, pool)
  checkAllocate(call, vmid, pool, replaces)

  const options = {...optionsOf(call.params)}
  delete options['unprivileged']
  checkOptionAccess(call, {vmid, pool, set: options, unprivileged: unprivileged ?? false})
  const archive = call.required('ostemplate')
  checkArchive(call, vmid, archive, restore)
  const storage = call.text('storage') ?? 'local'
  const mounts = wantedMounts(options, storage)
  checkStorages(call, mounts, storage)
  return {
    vmid,
    restore,
    archive,
    storage,
    options: storedOptions(call, options),
    mounts,
    unprivileged,
    unique: call.flag('unique') ?? false,
    pool,
    replaces,
  }
}

/** @throws PveError 500 for a line that is neither a key nor a comment */
function checkSshKeys(text: string | undefined): void {
  const lines = (text ?? '').split(/\r?\n/)
  if (!lines.every((line) => /^\s*(?:#.*)?$/.test(line) || KEY_LINE.test(line.trim()))) {
    die('SSH public key validation error')
  }
}

function checkAllocate(call: Call, vmid: number, pool: string | undefined, replaces: boolean): void {
  if (call.has(`/vms/${vmid}`, 'VM.Allocate')) return
  if (pool !== undefined && call.has(`/pool/${pool}`, 'VM.Allocate')) return
  if (replaces && call.has(`/vms/${vmid}`, 'VM.Backup')) return
  permissionError()
}

function checkArchive(call: Call, vmid: number, archive: string, restore: boolean): void {
  if (archive === '-') die('pipe requires cli environment')
  const [storage = '', ...rest] = archive.split(':')
  if (rest.length === 0 || !/^[a-z][\w.-]*$/i.test(storage)) {
    if (!call.isRootPam) die('Only root can pass arbitrary filesystem paths.')
    return
  }

  const wanted = restore ? 'backup' : 'vztmpl'
  const {content} = parseVolumeName(storageConfig(call.world, storage), rest.join(':'))
  if (content !== wanted) die(`unable to use volume ${archive} - content type needs to be '${wanted}'`)
  checkVolumeUse(call, vmid, archive)
}

/** A bare number asks for so many GiB on the default storage. */
function wantedMounts(options: GuestConfig, storage: string): GuestConfig {
  const mounts: Record<string, string> = {}
  for (const [key, value] of Object.entries(options)) {
    if (!/^(?:rootfs|mp\d+)$/.test(key)) continue
    mounts[key] = /^\d+(?:\.\d+)?$/.test(String(value)) ? `${storage}:${value}` : String(value)
  }

  if (Object.keys(mounts).length > 0 && mounts['rootfs'] === undefined) {
    die("mount points configured, but 'rootfs' not set - aborting")
  }

  return mounts
}

function checkStorages(call: Call, mounts: GuestConfig, fallback: string): void {
  for (const [, {type, volume}] of mountPoints(mounts)) {
    if (type !== 'volume') {
      if (!call.isRootPam) die('Only root can pass arbitrary filesystem paths.')
    } else if (volume.includes(':')) {
      checkStorage(call, volume.split(':', 1)[0]!)
    } else {
      die(`unable to parse volume ID '${volume}'`)
    }
  }

  if (mounts['rootfs'] === undefined) checkStorage(call, fallback)
}

function checkStorage(call: Call, storageId: string): void {
  const storage = storageOnNode(call.world, storageId, call.node)
  if (!hasContent(storage, 'rootdir')) {
    paramError({storage: `storage '${storageId}' does not support container directories`})
  }

  call.check(`/storage/${storageId}`, 'Datastore.AllocateSpace')
}

function storedOptions(call: Call, options: GuestConfig): GuestConfig {
  const stored: Record<string, number | string> = {}
  for (const key of Object.keys(options).sort()) {
    if (/^(?:rootfs|mp\d+|unused\d+)$/.test(key)) continue
    const value = normalOption(call, key, options[key]!)
    stored[key] = /^net\d+$/.test(key) ? printNetwork(String(value), () => randomMac(call.world)) : value
  }

  return stored
}

/** Takes the id: from here on the container exists, locked. */
function reserve({world, node}: Call, {vmid, replaces}: Plan): void {
  const existing = replaces ? guestOn(world, 'lxc', node, vmid) : undefined
  if (existing) checkLock(existing)
  else checkVmidUnused(world, vmid)
  checkWritable(world, 'lxc', node, vmid)
  if (existing) setOptions(world, vmid, {lock: 'create'})
  else world.store.of('guests').put(vmid, {vmid, type: 'lxc', node, config: {lock: 'create'}})
}

/** What is taken from a backup. */
interface Recovered {
  readonly options: GuestConfig
  readonly mounts: GuestConfig
  readonly contents: BackupContents
}

async function build(call: Call, task: Task, plan: Plan): Promise<void> {
  const {world, node} = call
  const {vmid, replaces} = plan
  const old = guestOn(world, 'lxc', node, vmid)
  let volumes: readonly VolumeRecord[] = []
  let isOldGone = !replaces
  try {
    const recovered = plan.restore ? recover(call, task, plan) : undefined
    const mounts = recovered?.mounts ?? (plan.mounts['rootfs'] === undefined ? defaultMounts(plan) : plan.mounts)
    for (const [, {volume}] of mountPoints(mounts)) await awaitStorageLock(world, task, volume.split(':', 1)[0]!)
    const sizes = (key: string): number =>
      recovered ? (recovered.contents.disks[key]?.used ?? 0) : key === 'rootfs' ? templateBytes(world, plan, node) : 0
    const created = createVolumes(world, {node, vmid}, mounts, task.log, sizes)
    ;({volumes} = created)
    const archive = findArchive(world, plan.archive, node)
    if (old && replaces) {
      await destroyVolumes(world, old, task)
      isOldGone = true
    }

    const config = finishConfig(call, task, plan, archive, recovered, created.config)
    const bytes = volumes.reduce((sum, {used}) => sum + used, 0)
    await task.sleep(UNPACK_SECONDS + (bytes / GIB) * SECONDS_PER_GIB)
    checkWritable(world, 'lxc', node, vmid, task.upid)
    world.store.of('guests').put(vmid, {
      vmid,
      type: 'lxc',
      node,
      config,
      behaviour: {shutdownSeconds: SHUTDOWN_SECONDS},
    })
    if (recovered?.contents.firewall) world.store.of('firewall').put(`lxc/${vmid}`, recovered.contents.firewall)
    addToPool(world, plan.pool, vmid)
  } catch (error) {
    freeVolumes(world, volumes)
    if (isOldGone) world.store.of('guests').delete(vmid)
    else setOptions(world, vmid, {lock: undefined})
    throw error
  }
}

function defaultMounts({storage}: Plan): GuestConfig {
  return {rootfs: `${storage}:${DEFAULT_ROOT_GIB}`}
}

function templateBytes(world: World, {archive}: Plan, node: string): number {
  const volume = findVolume(world, archive, node)
  return volume ? archiveContents(volume).dataBytes : 0
}

function recover(call: Call, task: Task, plan: Plan): Recovered {
  const {world, node} = call
  task.log(`recovering backed-up configuration from '${plan.archive}'`)
  const archive = findArchive(world, plan.archive, node)
  const contents = backupContents(archive)
  if (contents?.type !== 'lxc') die(`archive '${plan.archive}' does not contain a container configuration`)
  for (const [key, value] of Object.entries(contents.config)) {
    if (/^net\d+$/.test(key) && plan.options[key] === undefined) checkBridgeAccess(call, {[key]: value})
  }

  const options = Object.fromEntries(
    Object.entries(contents.config).filter(
      ([key]) => !/^(?:rootfs|mp\d+|unused\d+|lock|parent|snapshots|template)$/.test(key),
    ),
  )
  const mounts = plan.mounts['rootfs'] === undefined ? recoveredMounts(call, plan, contents) : plan.mounts
  return {options, mounts, contents}
}

/** The volumes of a backup, each of its old size on the wanted storage. */
function recoveredMounts(call: Call, {storage}: Plan, {config, disks}: BackupContents): GuestConfig {
  const mounts: Record<string, string> = {}
  for (const [key, mountPoint] of mountPoints(config)) {
    if (mountPoint.type !== 'volume') {
      if (!call.isRootPam) die(`restoring '${key}' to ${mountPoint.type} mount is only possible for root`)
      mounts[key] = printMountPoint(mountPoint)
      continue
    }

    const size = disks[key]?.size ?? mountPoint.size ?? die(`unable to detect disk size - please specify ${key} (size)`)
    const {size: _size, ...rest} = mountPoint
    mounts[key] = printMountPoint({...rest, volume: `${storage}:${size / GIB}`})
  }

  if (mounts['rootfs'] === undefined) {
    die('rootfs configuration could not be recovered, please check and specify manually!')
  }

  return mounts
}

function finishConfig(
  {world}: Call,
  task: Task,
  plan: Plan,
  archive: VolumeRecord,
  recovered: Recovered | undefined,
  mounts: GuestConfig,
): GuestConfig {
  const {vmid} = plan
  if (recovered) {
    task.log(`restoring '${plan.archive}' now..`)
    unpack(world, archive, vmid, plan.options, task.log)
    task.log('merging backed-up and given configuration..')
    const unprivileged = plan.unprivileged ?? Number(recovered.options['unprivileged'] ?? 0) === 1
    const {unprivileged: _unprivileged, ...saved} = recovered.options
    return {
      ...(plan.unique ? renewed(world, saved) : saved),
      ...plan.options,
      ...mounts,
      ...(unprivileged && {unprivileged: 1}),
    }
  }

  const base: GuestConfig = {...plan.options, ...(plan.unprivileged && {unprivileged: 1})}
  const contents = unpack(world, archive, vmid, base, task.log)
  const arch = String(base['arch'] ?? 'amd64')
  if (base['arch'] === undefined) task.log(`Detected container architecture: ${arch}`)
  const ostype = String(base['ostype'] ?? contents.ostype ?? 'unmanaged')
  return {
    memory: DEFAULT_MEMORY,
    swap: DEFAULT_SWAP,
    hostname: `CT${vmid}`,
    ...base,
    arch,
    ostype,
    ...mounts,
    ...(world.release === '9.2' && contents.oci && ociOptions(base, contents.oci)),
  }
}

function renewed(world: World, config: GuestConfig): GuestConfig {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      /^net\d+$/.test(key) ? withNewAddress(String(value), () => randomMac(world)) : value,
    ]),
  )
}

/** What an OCI image adds: its command and environment; its network is set up from outside (reference 2.6). */
function ociOptions(
  base: GuestConfig,
  {entrypoint, env}: {readonly entrypoint?: string; readonly env?: readonly string[]},
): GuestConfig {
  const nets = Object.entries(base).filter(([key]) => /^net\d+$/.test(key))
  return {
    cmode: 'console',
    ...(entrypoint !== undefined && {entrypoint}),
    ...(env && env.length > 0 && {env: env.join('\0')}),
    // the address is there already, so that no other is made
    ...Object.fromEntries(nets.map(([key, value]) => [key, printNetwork(`${value},host-managed=1`, () => '')])),
  }
}

function addToPool(world: World, pool: string | undefined, vmid: number): void {
  const record = pool === undefined ? undefined : world.store.of('pools').get(pool)
  if (record && !record.vms.includes(vmid)) world.store.of('pools').update(pool!, {vms: [...record.vms, vmid]})
}

function addToHa(world: World, vmid: number): void {
  if (!isHaManaged({world}, 'lxc', vmid))
    world.store.of('haResources').put(`ct:${vmid}`, {sid: `ct:${vmid}`, type: 'ct', state: 'started'})
}
