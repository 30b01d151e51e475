import {addUnused} from '../guest/snapshots.js'
import {backupContents, type BackupContents} from '../guest/backup-contents.js'
import {checkLock, checkProtection, checkVmidUnused, withOptions} from '../guest/guests.js'
import {withConfigLock} from '../guest/config-lock.js'
import {uniqueTags} from '../guest/tags.js'
import {die, errorText, paramError, permissionError, PveError} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {checkBridgeAccess, checkPoolExists} from '../guest/access.js'
import {checkDeviceAccess, checkOptionAccess} from '../qemu/access.js'
import {addToPool, checkSshKeys} from '../qemu/create.js'
import {drivesOf, isCdrom, isCloudInit, parseDrive, printDrive, withProperties} from '../qemu/drives.js'
import {newUuid, renewSmbios} from '../qemu/identity.js'
import {completeNet, renewMac} from '../qemu/network.js'
import {isDriveKey, optionParams} from '../qemu/options.js'
import {startVm} from '../qemu/power.js'
import {addressOf, checkVolumeAccess} from '../storage/access.js'
import {parseVolumeName} from '../storage/volume-name.js'
import {allocateVolume} from '../storage/allocate.js'
import {createdLogLines, volumePath} from '../storage/volume-path.js'
import {defaultFormat, findVolume, formatDiskSize, freeVolume, storageOnNode, validFormats} from '../storage/volumes.js'
import {localTime} from './local-time.js'

import type {Call} from '../kernel/call.js'
import type {GuestConfig, GuestRecord, VolumeRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'

const MIB = 1024 ** 2
const DATA_SPEED = 150 * MIB
const HOLE_SPEED = 1024 * MIB
const DECOMPRESS: Readonly<Record<string, string>> = {gz: 'zcat', lzo: 'lzop -d -c', zst: 'zstd -q -d -c'}
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `POST /nodes/{node}/qemu` with `archive` (reference 2.14): makes a VM from a backup, or puts it over one that is stopped. */
export function restoreVm(call: Call): string {
  const {world, node, vmid, params} = call
  const pool = call.text('pool')
  const storage = call.text('storage')
  const force = call.flag('force') ?? false
  for (const key of Object.keys(params))
    if (isDriveKey(key)) paramError({[key]: "option conflicts with option 'archive'"})
  const overrides = optionParams(world, params)
  checkSshKeys(overrides['sshkeys'])
  world.checkQuorum(node)
  checkRights(call, pool, storage, force)
  checkOptionAccess(call, vmid, pool, Object.keys(overrides))
  checkDeviceAccess(call, vmid, pool, overrides)
  checkBridgeAccess(call, overrides)
  const archive = findArchive(call)
  for (const [key, value] of Object.entries(overrides)) {
    if (/^net\d+$/.test(key)) overrides[key] = completeNet(world, String(value))
  }

  const prefix = `unable to restore VM ${vmid} -`
  try {
    lockForCreation(call, force)
  } catch (error) {
    throw new PveError(500, `${prefix} ${errorText(error)}`)
  }

  return call.startTask('qmrestore', vmid, async (task) => {
    try {
      await withConfigLock(world, {node, vmid}, {timeout: 1, task}, () =>
        restore(call, task, archive, overrides, prefix),
      )
    } catch (error) {
      setLock(call, undefined)
      task.log(
        `error before or during data restore, some or all disks were not completely restored. VM ${vmid} state is NOT cleaned up.`,
      )
      throw error
    }

    if (pool !== undefined) addToPool(world, pool, vmid)
    // a live restore leaves the VM running, as the data came while it ran
    if (call.flag('live-restore')) await startVm(world, node, vmid, task)
    else if (call.flag('start')) {
      task.log('Execute autostart')
      call.startTask('qmstart', vmid, (start) => startVm(world, node, vmid, start))
    }
  })
}

function checkRights(call: Call, pool: string | undefined, storage: string | undefined, force: boolean): void {
  const {world, vmid} = call
  if (pool !== undefined) checkPoolExists(call, pool)
  if (storage !== undefined) call.check(`/storage/${storage}`, 'Datastore.AllocateSpace')
  const allowed =
    call.has(`/vms/${vmid}`, 'VM.Allocate') ||
    (pool !== undefined && call.has(`/pool/${pool}`, 'VM.Allocate')) ||
    // who may back a VM up may also put it back
    (force && world.store.of('guests').has(vmid) && call.has(`/vms/${vmid}`, 'VM.Backup'))
  if (!allowed) permissionError()
}

function findArchive(call: Call): VolumeRecord {
  const text = call.required('archive')
  if (text === '-') die('pipe requires cli environment')
  if (!/^[a-z][\w.-]*:/i.test(text)) {
    if (!call.isRootPam) die('Only root can pass arbitrary filesystem paths.')
    return die(`unable to parse volume ID '${text}'`)
  }

  const address = addressOf(call, text)
  const {content} = parseVolumeName(address.storage, address.volname)
  if (content !== 'backup') die(`unable to use volume ${text} - content type needs to be 'backup'`)
  checkVolumeAccess(call, address, call.vmid)
  storageOnNode(call.world, address.storage.storage, call.node)
  return findVolume(call.world, text, call.node) ?? die(`volume '${text}' does not exist`)
}

/** The configuration is there, locked, before the task begins: an empty new one, or the old one. */
function lockForCreation(call: Call, force: boolean): void {
  const {world, node, vmid} = call
  const old = world.store.of('guests').get(vmid)
  if (old && force) {
    if (old.type !== 'qemu' || old.node !== node)
      die(`Configuration file 'nodes/${node}/qemu-server/${vmid}.conf' does not exist`)
    checkLock(old)
    setLock(call, 'create')
    return
  }

  checkVmidUnused(world, vmid)
  world.store.of('guests').put(vmid, {vmid, type: 'qemu', node, config: {lock: 'create'}})
}

function setLock({world, vmid}: Call, lock: string | undefined): void {
  const guest = world.store.of('guests').get(vmid)
  if (guest && (lock !== undefined || guest.config['lock'] === 'create')) {
    world.store.of('guests').update(vmid, {config: withOptions(guest.config, {lock})})
  }
}

async function restore(
  call: Call,
  task: Task,
  archive: VolumeRecord,
  overrides: GuestConfig,
  prefix: string,
): Promise<void> {
  const {world, node, vmid} = call
  const old =
    world.store.of('guests').get(vmid) ??
    die(`Configuration file 'nodes/${node}/qemu-server/${vmid}.conf' does not exist`)
  checkProtection(old, prefix)
  if (old.run) die(`${prefix} vm is running`)
  if (call.flag('live-restore') && !archive.format.startsWith('pbs-')) {
    die('live-restore is only compatible with backup images from a Proxmox Backup Server')
  }
  const contents = backupContents(archive)
  const path = volumePath(world, archive)
  if (contents?.type !== 'qemu') die(`ERROR: file '${path}' does not look like a QemuServer vzdump backup`)
  const volumes = await restoreDisks(call, task, {archive, path, contents, old})
  const restored = restoredConfig(call, contents, volumes, overrides)
  const kept = keptVolumes(call, old, contents)
  task.log('rescan volumes...')
  world.store.of('guests').update(vmid, {
    config: kept.reduce((config, volid) => addUnused(config, volid), restored),
    snapshots: undefined,
    pending: undefined,
  })
  if (contents.firewall && !world.store.of('firewall').has(`qemu/${vmid}`)) {
    world.store.of('firewall').put(`qemu/${vmid}`, contents.firewall)
  }

  if (Number(restored['template'] ?? 0) === 1) task.log('Convert to template.')
}

interface Source {
  readonly archive: VolumeRecord
  readonly path: string
  readonly contents: BackupContents
  readonly old: GuestRecord
}

/** Makes each saved disk anew and fills it; what goes wrong is the failure of the command that unpacks the archive. */
async function restoreDisks(
  call: Call,
  task: Task,
  {archive, path, contents, old}: Source,
): Promise<ReadonlyMap<string, VolumeRecord>> {
  const {world, node} = call
  const command = extractCommand(path, world.tasks.get(task.upid)?.pid ?? 0)
  task.log(`restore vma archive: ${command.replace(/^set -o pipefail && /, '')}`)
  const {day, hour, minute, month, second, year} = localTime(archive.ctime, world.node(node).timezone)
  task.log(`CFG: size: ${JSON.stringify(contents.config).length} name: qemu-server.conf`)
  for (const [index, [key, {size}]] of Object.entries(contents.disks).entries()) {
    task.log(`DEV: dev_id=${index + 1} size: ${size} devname: drive-${key}`)
  }

  const pad = (value: number): string => String(value).padStart(2, '0')
  const weekday = DAYS[new Date(Date.UTC(year, month - 1, day)).getUTCDay()]!
  task.log(
    `CTIME: ${weekday} ${MONTHS[month - 1]} ${String(day).padStart(2)} ${pad(hour)}:${pad(minute)}:${pad(second)} ${year}`,
  )
  const made = new Map<string, VolumeRecord>()
  try {
    removeReplaced(call, old, contents)
    for (const [key, disk] of Object.entries(contents.disks)) {
      const volume = makeDisk(call, contents, key, disk)
      made.set(key, volume)
      for (const line of createdLogLines(world, volume)) task.log(line)
      task.log(`new volume ID is '${volume.volid}'`)
      const zeroes = volume.format === 'qcow2' || volume.format === 'raw' ? 0 : 1
      task.log(`map 'drive-${key}' to '${volumePath(world, volume)}' (write zeros = ${zeroes})`)
    }

    await fill(call, task, contents)
  } catch (error) {
    if (task.signal.aborted) throw error
    throw new PveError(500, `command '${command}' failed: ${errorText(error)}`)
  }

  return made
}

function makeDisk(
  call: Call,
  {config, vmid: oldVmid}: BackupContents,
  key: string,
  {size, used}: {size: number; used: number},
): VolumeRecord {
  const drive = parseDrive(config[key] ?? '')
  const [source = ''] = drive.file.split(':', 1)
  const id = call.text('storage') ?? (source === '' ? 'local' : source)
  const storage = storageOnNode(call.world, id, call.node)
  const old = /\.(qcow2|raw|vmdk)$/.exec(drive.file)?.[1] ?? 'raw'
  if (call.text('storage') === undefined && oldVmid !== call.vmid)
    call.check(`/storage/${id}`, 'Datastore.AllocateSpace')
  return allocateVolume(call.world, {
    storage: id,
    node: call.node,
    vmid: call.vmid,
    sizeBytes: size,
    dataBytes: used,
    format: validFormats(storage).includes(old) ? old : defaultFormat(storage),
    content: 'images',
  })
}

async function fill(call: Call, task: Task, {disks}: BackupContents): Promise<void> {
  const sizes = Object.values(disks)
  const total = sizes.reduce((sum, {size}) => sum + size, 0)
  const data = sizes.reduce((sum, {used}) => sum + used, 0)
  if (total === 0) return
  const limit = (call.number('bwlimit') ?? 0) * 1024
  const seconds = Math.max(data / DATA_SPEED + (total - data) / HOLE_SPEED, limit > 0 ? total / limit : 0)
  let lines = 0
  for (let percent = 1; percent <= 100; percent++) {
    await task.sleep(seconds / 100)
    lines++
    task.log(
      `progress ${percent}% (read ${Math.floor((total * percent) / 100)} bytes, duration ${Math.floor((seconds * lines) / 100)} sec)`,
    )
  }

  const sparse = total - data
  task.log(`total bytes read ${total}, sparse bytes ${sparse} (${((sparse / total) * 100).toPrecision(3)}%)`)
  task.log('space reduction due to 4K zero blocks 0.0191%')
}

function extractCommand(path: string, pid: number): string {
  const decompress = DECOMPRESS[path.split('.').at(-1)!]
  const directory = `/var/tmp/vzdumptmp${pid}`
  return decompress === undefined
    ? `vma extract -v -r ${directory}.fifo ${path} ${directory}`
    : `set -o pipefail && ${decompress} ${path} | vma extract -v -r ${directory}.fifo - ${directory}`
}

/** Disks of the VM that is overwritten are gone where the backup has one of the same name … */
function removeReplaced({world, node, vmid}: Call, old: GuestRecord, contents: BackupContents): void {
  for (const [key, drive] of drivesOf(old.config)) {
    if (!(key in contents.disks) || isCdrom(drive)) continue
    const volume = findVolume(world, drive.file, node)
    if (volume && volume.vmid === vmid) freeVolume(world, volumeKey(volume))
  }
}

/** … and stay as unused ones where it has not. */
function keptVolumes({world, node, vmid}: Call, old: GuestRecord, contents: BackupContents): readonly string[] {
  const unused = Object.entries(old.config).filter(([key]) => /^unused\d+$/.test(key))
  const drives = drivesOf(old.config).filter(([key, drive]) => !(key in contents.disks) && !isCdrom(drive))
  return [...unused.map(([, value]) => parseDrive(value).file), ...drives.map(([, {file}]) => file)].filter(
    (volid) => findVolume(world, volid, node)?.vmid === vmid,
  )
}

/** The saved configuration with the new disks, a new generation id, new addresses if it is to be unique, and what the call overrides. */
function restoredConfig(
  {world, params}: Pick<Call, 'params' | 'world'>,
  {config}: BackupContents,
  volumes: ReadonlyMap<string, VolumeRecord>,
  overrides: GuestConfig,
): GuestConfig {
  const unique = ['1', 'true', 'yes', 'on'].includes(String(params['unique'] ?? '0'))
  const result: Record<string, number | string> = {}
  const skipped: string[] = []
  for (const [key, value] of Object.entries(config)) {
    if (/^(?:lock|parent|unused\d+|vmstate)$/.test(key)) continue
    if (isDriveKey(key)) {
      const volume = volumes.get(key)
      const drive = parseDrive(value)
      if (volume)
        result[key] = printDrive(withProperties(drive, {format: null, size: formatDiskSize(volume.size)}, volume.volid))
      // a disk the backup left out is only mentioned
      else if (!isCdrom(drive) && drive.properties.get('backup') === '0') skipped.push(`${key}: ${value}`)
      else if (!isCloudInit(drive) || isCdrom(drive)) result[key] = value
    } else if (key === 'vmgenid') result[key] = newUuid()
    else if (key === 'smbios1' && unique) result[key] = renewSmbios(value)
    else if (/^net\d+$/.test(key) && unique) result[key] = renewMac(world, String(value))
    else result[key] = value
  }

  if (skipped.length > 0)
    result['description'] = [
      ...skipped,
      ...(result['description'] === undefined ? [] : [String(result['description'])]),
    ].join('\n')
  const merged = withOptions(result, overrides)
  return merged['tags'] === undefined ? merged : withOptions(merged, {tags: uniqueTags(world, String(merged['tags']))})
}
