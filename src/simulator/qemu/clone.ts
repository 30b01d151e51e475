import {die, errorText, PveError} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {allocateVolume} from '../storage/allocate.js'
import {createdLogLines} from '../storage/volume-path.js'
import {
  defaultFormat,
  findVolume,
  formatDiskSize,
  freeVolume,
  storageConfig,
  storageOnNode,
  validFormats,
  volumeSupports,
} from '../storage/volumes.js'
import {storageType} from '../storage/types.js'
import {isShared} from '../views/node-figures.js'
import {checkBridgeAccess, checkPoolExists} from '../guest/access.js'
import {copyData, copySeconds, renderBytes} from './copy.js'
import {addToPool} from './create.js'
import {missingVolume} from './disks.js'
import {splitVolid} from '../storage/volume-name.js'
import {type Drive, isCloudInit, isPlainCdrom, parseDrive, printDrive, withProperties} from './drives.js'
import {withConfigLock} from '../guest/config-lock.js'
import {checkLock, checkWritable, isTemplate, withOptions} from '../guest/guests.js'
import {newUuid, renewSmbios} from './identity.js'
import {renewMac} from './network.js'
import {DRIVE_KEYS, isDriveKey} from './options.js'
import {createVm, loadVm, requireVm} from './vm.js'

import type {Call} from '../kernel/call.js'
import type {GuestConfig, GuestRecord, VolumeRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

/** Locks of a clone are not waited for any longer (reference 2.9). */
const LOCK_SECONDS = 1
/** What Proxmox VE writes into the file of a VM that is not there yet. */
const TEMPORARY: GuestConfig = {lock: 'clone', description: ' qmclone temporary file'}
const LINK_SECONDS = 0.2

interface Plan {
  readonly source: GuestConfig
  readonly drives: readonly {readonly key: string; readonly drive: Drive; readonly full: boolean}[]
  /** The clone's options but for its disks. */
  readonly config: GuestConfig
}

interface Wishes {
  readonly newid: number
  readonly full: boolean | undefined
  readonly snapname: string | undefined
  readonly storage: string | undefined
  readonly format: string | undefined
  readonly target: string | undefined
  readonly pool: string | undefined
  readonly name: string | undefined
  readonly description: string | undefined
  readonly bwlimit: number
}

/** Clones a VM or template (reference 2.12). Its checks are made at once and again in the task, under the locks. */
export function cloneQemu(call: Call): string {
  const {world, node, vmid} = call
  const wishes = readWishes(call)
  const {pool, storage, target} = wishes
  if (pool !== undefined) checkPoolExists(call, pool)
  if (storage !== undefined) {
    storageOnNode(world, storage, node)
    if (target !== undefined && !isShared(storageOnNode(world, storage, target))) {
      die(`can't clone to non-shared storage '${storage}'`)
    }
  }

  world.checkQuorum(node)
  const isRunning = requireVm(world, node, vmid).run !== undefined
  plan(call, wishes, isRunning)
  return call.startTask('qmclone', vmid, (task) =>
    // readers of a stopped source don't disturb each other
    withConfigLock(world, {node, vmid}, {shared: !isRunning, timeout: LOCK_SECONDS, task}, () =>
      withConfigLock(world, {node, vmid: wishes.newid}, {timeout: LOCK_SECONDS, task}, () =>
        copyVm(call, task, wishes, plan(call, wishes, isRunning), isRunning),
      ),
    ),
  )
}

function readWishes(call: Call): Wishes {
  const {world, node} = call
  const target = call.text('target')
  const away = target === undefined || target === node || target === 'localhost' ? undefined : target
  if (away !== undefined) world.node(away)
  return {
    newid: Number(call.required('newid')),
    full: call.flag('full'),
    snapname: call.text('snapname'),
    storage: call.text('storage'),
    format: call.text('format'),
    target: away,
    pool: call.text('pool'),
    name: call.text('name'),
    description: call.text('description'),
    bwlimit: call.number('bwlimit') ?? 0,
  }
}

function plan(call: Call, wishes: Wishes, wasRunning: boolean): Plan {
  const {world, node, vmid} = call
  const {newid, snapname, storage, format, target} = wishes
  const guest = loadVm(world, node, vmid)
  checkLock(guest)
  if ((guest.run !== undefined) !== wasRunning) die('unexpected state change')
  const snapshot =
    snapname === undefined ? undefined : (guest.snapshots?.[snapname] ?? die(`snapshot '${snapname}' does not exist`))
  const full = wishes.full ?? !isTemplate(guest)
  if (storage !== undefined && !full) die("parameter 'storage' not allowed for linked clones")
  if (format !== undefined && !full) die("parameter 'format' not allowed for linked clones")
  const source = snapshot?.config ?? guest.config
  const allShared = checkStorageRights(call, source, storage)
  checkBridgeAccess(call, source)
  if (target !== undefined && !allShared) die(`can't clone VM to node '${target}' (VM uses local storage)`)
  // only a file on this node is noticed now; one of another node's when the new file is written
  const other = world.store.of('guests').get(newid)
  if (other?.type === 'qemu' && other.node === node) die(`unable to create VM ${newid}: config file already exists`)
  return {source, ...clonedOptions(call, guest, source, full, wishes)}
}

/** Whether every disk of the source lies on shared storage; along the way, whether the caller may allocate space. */
function checkStorageRights(call: Call, source: GuestConfig, storage: string | undefined): boolean {
  let allShared = true
  for (const key of DRIVE_KEYS) {
    const value = source[key]
    if (value === undefined) continue
    const drive = parseDrive(value)
    const volid = splitVolid(drive.file)
    if (isPlainCdrom(drive)) {
      if (drive.file === 'cdrom') call.check('/', 'Sys.Console')
      if (drive.file !== 'cdrom' && volid && !isShared(storageConfig(call.world, volid.storage))) allShared = false
    } else {
      const id = volid?.storage ?? die(`cannot clone drive '${key}' - no storage ID in '${drive.file}'`)
      if (!isShared(storageConfig(call.world, id))) allShared = false
      call.check(`/storage/${storage ?? id}`, 'Datastore.AllocateSpace')
    }
  }

  return allShared
}

const SNAPSHOT_KEYS = new Set([
  'parent',
  'snapstate',
  'snaptime',
  'vmstate',
  'runningmachine',
  'runningcpu',
  'lock',
  'template',
])

function clonedOptions(
  call: Call,
  guest: GuestRecord,
  source: GuestConfig,
  full: boolean,
  {snapname, name, description}: Wishes,
): Omit<Plan, 'source'> {
  const {world, node} = call
  const config: Record<string, number | string> = {}
  const drives: {key: string; drive: Drive; full: boolean}[] = []
  for (const [key, value] of Object.entries(source).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (SNAPSHOT_KEYS.has(key) || /^unused\d+$/.test(key)) continue
    if (key === 'tpmstate0' && full && guest.run && snapname === undefined) {
      die('cannot clone TPM state while VM is running')
    }

    if (/^net\d+$/.test(key)) {
      config[key] = renewMac(world, String(value))
    } else if (!isDriveKey(key)) {
      config[key] = value
    } else {
      const drive = parseDrive(value)
      if (isPlainCdrom(drive)) {
        config[key] = value
        continue
      }

      const asCopy = full || isCloudInit(drive)
      const volume = findVolume(world, drive.file, node)
      const isAble = volume !== undefined && volumeSupports(world, volume, asCopy ? 'copy' : 'clone', snapname)
      if (!isAble && !isCloudInit(drive)) {
        die(`${asCopy ? 'Full' : 'Linked'} clone feature is not supported for '${drive.file}' (${key})`)
      }

      drives.push({key, drive, full: asCopy})
    }
  }

  config['smbios1'] = renewSmbios(config['smbios1'])
  if (config['vmgenid'] !== undefined && config['vmgenid'] !== '0') config['vmgenid'] = newUuid()
  config['name'] = name ?? `Copy-of-VM-${source['name'] ?? guest.vmid}`
  if (description !== undefined && description !== '') config['description'] = description
  return {config, drives}
}

async function copyVm(
  call: Call,
  task: Task,
  wishes: Wishes,
  {drives, config}: Plan,
  isRunning: boolean,
): Promise<void> {
  const {world, node, vmid} = call
  const {newid, target, pool} = wishes
  createVm(world, node, newid, TEMPORARY)
  copyFirewall(world, vmid, newid)
  const made: VolumeRecord[] = []
  try {
    let current: GuestConfig = {...config, lock: 'clone'}
    for (const [index, {key, drive, full}] of drives.entries()) {
      const copied = await copyDrive(
        call,
        task,
        wishes,
        {key, drive, full, isRunning, isLast: index === drives.length - 1},
        made,
      )
      current = withOptions(current, {[key]: printDrive(copied)})
      checkWritable(world, 'qemu', node, newid)
      world.store.of('guests').put(newid, {vmid: newid, type: 'qemu', node, config: current})
    }

    checkWritable(world, 'qemu', node, newid)
    const behaviour = world.store.of('guests').get(vmid)?.behaviour
    world.store.of('guests').put(newid, {
      vmid: newid,
      type: 'qemu',
      node: target ?? node,
      config: withOptions(current, {lock: null}),
      ...(behaviour && {behaviour}),
    })
    if (pool !== undefined) addToPool(world, pool, newid)
  } catch (error) {
    for (const volume of made) freeVolume(world, volumeKey(volume))
    world.store.of('firewall').delete(`qemu/${newid}`)
    world.store.of('guests').delete(newid)
    throw new PveError(500, `clone failed: ${errorText(error)}`)
  }
}

function copyFirewall({store}: World, from: number, to: number): void {
  const rules = store.of('firewall').get(`qemu/${from}`)
  if (rules) store.of('firewall').put(`qemu/${to}`, rules)
}

interface CopiedDrive {
  readonly key: string
  readonly drive: Drive
  readonly full: boolean
  readonly isRunning: boolean
  readonly isLast: boolean
}

async function copyDrive(
  {world, node}: Call,
  task: Task,
  {newid, storage, format, bwlimit, snapname}: Wishes,
  {key, drive, full, isRunning, isLast}: CopiedDrive,
  made: VolumeRecord[],
): Promise<Drive> {
  const id = splitVolid(drive.file)!.storage
  const volume = findVolume(world, drive.file, node) ?? die(missingVolume(storageConfig(world, id).type, drive.file))
  if (!full) {
    task.log(`create linked clone of drive ${key} (${drive.file})`)
    const clone = allocateVolume(world, {
      storage: id,
      node,
      vmid: newid,
      sizeBytes: volume.size,
      format: volume.format,
      content: 'images',
      base: volume,
    })
    made.push(clone)
    logLinked(world, task, volume, clone)
    await task.sleep(LINK_SECONDS)
    return withProperties(drive, {size: formatDiskSize(clone.size)}, clone.volid)
  }

  task.log(`create full clone of drive ${key} (${drive.file})`)
  const copy = allocateVolume(world, {
    storage: storage ?? id,
    node,
    vmid: newid,
    sizeBytes: volume.size,
    format: copyFormat(world, storage ?? id, key, drive, volume, format),
    content: 'images',
    ...(isCloudInit(drive)
      ? {suffix: 'cloudinit'}
      : {dataBytes: isRunning && snapname === undefined ? volume.size : dataOf(world, volume)}),
  })
  made.push(copy)
  for (const line of createdLogLines(world, copy)) task.log(line)
  if (isCloudInit(drive)) return withProperties(drive, {format: null, size: null}, copy.volid)
  if (isRunning && snapname === undefined) await mirror(task, key, volume, bwlimit, isLast)
  else await copyData({total: volume.size, data: dataOf(world, volume), bwlimit}, task)
  return withProperties(drive, {format: null, size: formatDiskSize(copy.size)}, copy.volid)
}

/** The bytes a guest has written to a disk, not those of the file around them. */
export function dataOf(world: World, volume: VolumeRecord): number {
  const storage = storageConfig(world, volume.storage)
  const isThick = storageType(storage.type).thick && storage.config['sparse'] !== 1
  const overhead = volume.format === 'qcow2' ? 256 * 1024 + Math.ceil(volume.size / 8192) : 0
  const written = isThick ? 0 : Math.max(0, volume.used - overhead)
  return Math.min(volume.size, written)
}

/** The format of a copy: as wished, else the source's, where the storage can hold it. */
export function copyFormat(
  world: World,
  storageId: string,
  key: string,
  drive: Drive,
  volume: VolumeRecord,
  wanted: string | undefined,
): string {
  const storage = storageConfig(world, storageId)
  if (key === 'tpmstate0') return 'raw'
  const formats = validFormats(storage)
  if (isCloudInit(drive)) return formats.includes(volume.format) ? volume.format : defaultFormat(storage)
  const wish = wanted ?? volume.format
  return formats.includes(wish) ? wish : defaultFormat(storage)
}

function logLinked(world: World, task: Task, base: VolumeRecord, clone: VolumeRecord): void {
  const storage = storageConfig(world, clone.storage)
  const {layout} = storageType(storage.type)
  if (layout === 'file' && storage.type !== 'btrfs') {
    const own = clone.volid.split('/').at(-1)!
    const basePath = base.volid.slice(base.storage.length + 1)
    task.log(`clone ${basePath}: images, ${own}, ${clone.vmid} to ${own} (base=../${basePath})`)
  }

  for (const line of createdLogLines(world, clone)) task.log(line)
}

/** A running source is mirrored, and frozen for the moment in which the copy is cut off. */
export async function mirror(
  task: Task,
  key: string,
  volume: VolumeRecord,
  bwlimit: number,
  isLast: boolean,
): Promise<void> {
  const drive = `drive-${key}`
  task.log(`drive mirror is starting for ${drive}`)
  const total = renderBytes(volume.size)
  const seconds = Math.max(1, copySeconds(volume.used, bwlimit))
  for (let passed = 0; passed <= Math.floor(seconds); passed++) {
    const share = Math.min(1, passed / seconds)
    const done = passed >= Math.floor(seconds) ? 1 : share
    const ready = done === 1 ? ', ready' : ''
    task.log(
      `${drive}: transferred ${renderBytes(volume.size * done)} of ${total} (${(done * 100).toFixed(2)}%) in ${passed}s${ready}`,
    )
    if (done < 1) await task.sleep(1)
  }

  task.log("all 'mirror' jobs are ready")
  if (!isLast) return
  task.log('suspend vm')
  await task.sleep(0.1)
  task.log(`${drive}: Cancelling block job`)
  task.log(`${drive}: Done.`)
  task.log('resume vm')
}
